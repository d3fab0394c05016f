// ODK Web Forms 0.22 speaks English alone. Each of its own words, where it stands, is looked up in globalThis.formWords
// first, which the page sets in the reader's language. The words of the form itself are never touched.
const said = [
  'label: "Send"',
  'label: "Remove"',
  'label: "Cancel"',
  'label: "Save location"',
  '"aria-label": "change language"',
  'createTextVNode(" Add "',
  'literal: "Repeat Item"',
  'true: "OK"',
  'constraintMsg: "Condition not satisfied: constraint"',
  'requiredMsg: "Condition not satisfied: required"',
  'DIALOG_TITLE: "An error occurred while loading this form"',
  'createElementVNode("span", null, "Take picture"',
  'createElementVNode("span", null, "Choose image"',
  'createElementVNode("span", null, "Rank items"',
  'createElementVNode("span", null, "Get location"',
  'createElementVNode("span", null, "Try again"',
  'null, "Grant location permission in the browser settings and make sure location is turned on."',
  '"Location unavailable. Enable GPS and browser permissions, then restart the form to try again."',
  'QA === 1 ? "1 question with error."',
];
// Places where it is no part of a page: the page has its one main heading, and buttons that are pictures need a name.
const mended = {
  'createElementVNode("h1", null, toDisplayString(eA.form.definition.bind.form.title)':
    'createElementVNode("h2", null, toDisplayString(eA.form.definition.bind.form.title)',
  'class: "clear-button",': '"aria-label": globalThis.formWords?.["Clear"] ?? "Clear", class: "clear-button",',
  'class: "button-menu",': '"aria-label": globalThis.formWords?.["Actions"] ?? "Actions", class: "button-menu",',
};
const counted = ["`${QA} questions with errors.`", "%d questions with errors."];
const notice = "// Changed by Fieldcase (its own words, names of headings and buttons; see server/assets/web_forms.js). ODK Web Forms, Apache License 2.0.\n";

/** The word as looked up, between the blanks that stand around it. */
function lookedUp(text) {
  const [, before, word, after] = text.match(/^(\s*)(.*?)(\s*)$/su);
  const found = `(globalThis.formWords?.[${JSON.stringify(word)}] ?? ${JSON.stringify(word)})`;
  return before || after ? `${JSON.stringify(before)} + ${found} + ${JSON.stringify(after)}` : found;
}

/** The parts, by file name, that look their own words up; throws when a word does not stand where it is expected. */
export function inOurWords(parts) {
  const found = new Set();
  const changed = Object.entries(parts).map(([file, source]) => {
    let text = source;
    for (const place of said) {
      if (!text.includes(place)) continue;
      found.add(place);
      const word = place.match(/"([^"]*)"$/u)[1];
      text = text.replaceAll(place, `${place.slice(0, -word.length - 2)}${lookedUp(word)}`);
    }
    for (const [place, better] of Object.entries(mended)) {
      if (!text.includes(place)) continue;
      found.add(place);
      text = text.replaceAll(place, better);
    }
    const [place, word] = counted;
    if (text.includes(place)) {
      found.add(place);
      text = text.replaceAll(place, `${lookedUp(word)}.replace("%d", QA)`);
    }
    return [file, text === source ? source : notice + text];
  });
  const missing = [...said, ...Object.keys(mended), counted[0]].filter((place) => !found.has(place));
  if (missing.length) throw new Error(`ODK Web Forms no longer says ${missing.join(" or ")}: see web_forms.js.`);
  return Object.fromEntries(changed);
}
