// Shows a form by ODK Web Forms, sends what was filled in, and warns before it is lost: nothing of it is kept in the browser.
// The page tells where things are in data-form; answers never stand in an address, in the browser's storage or in a log.
const place = document.getElementById("form");
const told = JSON.parse(place.dataset.form);
const alertBox = document.getElementById("form-alert");
const result = document.getElementById("form-result");
const PING = 4 * 60 * 1000;  // milliseconds; a session that is not heard from for a quarter of an hour ends
const TYPES = {
  csv: "text/csv", geojson: "application/geo+json", xml: "text/xml", jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png",
  gif: "image/gif", webp: "image/webp", svg: "image/svg+xml", mp3: "audio/mpeg", m4a: "audio/mp4", ogg: "audio/ogg", wav: "audio/wav",
  mp4: "video/mp4", webm: "video/webm",
};

let token = told.csrf;
let another = false;  // somebody else has signed in since the page was opened; nothing is sent in their name
let unsent = false;  // something was filled in that the server does not have
let held = null;  // what was sent and not acknowledged; sent again just as it was while nothing is changed
let sending = false;
let heard = Date.now();

function say(words, { link } = {}) {
  alertBox.hidden = !words;
  alertBox.querySelector("[data-words]").textContent = words;
  alertBox.querySelector("a").hidden = !link;
  if (words) alertBox.focus();
}

/** The session lives on while somebody types; a page that outlived it gets the token of the same person's next one. */
async function ping() {
  heard = Date.now();
  const answer = await fetch(told.token, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { csrf, person } = await answer.json();
  another = person !== told.person;
  if (!another) token = csrf;
}

const named = (address, name) => (Object.hasOwn(address, name) ? address[name] : null);

async function file(addresses, name) {
  const address = named(addresses, name);
  if (!address) return new Response(null, { status: 404 });
  const answer = await fetch(address);
  const type = TYPES[name.split(".").pop().toLowerCase()] ?? answer.headers.get("Content-Type");
  return new Response(await answer.blob(), { status: answer.status, headers: { "Content-Type": type } });
}

/** The form with the reader's language as its own, where it has it. */
function inLanguage(xform, code) {
  const parsed = new DOMParser().parseFromString(xform, "text/xml");
  const translations = [...parsed.getElementsByTagNameNS("*", "translation")];
  const codeOf = (name) => name.match(/\(([A-Za-z-]{2,10})\)\s*$/u)?.[1] ?? name;
  const wanted = translations.find((one) => codeOf(one.getAttribute("lang") ?? "") === code);
  if (!wanted) return xform;
  for (const one of translations) one.removeAttribute("default");
  wanted.setAttribute("default", "true()");
  return new XMLSerializer().serializeToString(parsed);
}

async function post(address, body) {
  const headers = { Accept: "application/json", "X-CSRF-Token": token, "X-OpenRosa-Version": "1.0" };
  try {
    const answer = await fetch(address, { method: "POST", body, headers });
    if (answer.headers.get("Content-Type") !== "application/json") return { message: told.says.failed };
    return { status: answer.status, ...(await answer.json()) };
  } catch {
    return { message: told.says.offline };
  }
}

/** What a preview's answers would make, as the server drew it. */
function show(html) {
  result.innerHTML = html;
  result.classList.remove("fc-trial--old");
  unsent = false;
  result.querySelector("h2").focus();
}

/** What the server made of it is shown or gone to; what it did not take stays in the form. */
async function send(address, body) {
  if (sending) return;
  sending = true;
  place.setAttribute("aria-busy", "true");
  say("");
  held = body;
  if (another || Date.now() - heard > PING) await ping().catch(() => {});
  let answer = another ? { message: told.says.another } : await post(address, body);
  if (answer.status === 401 || answer.status === 403) {
    await ping().catch(() => {});
    if (another) answer = { message: told.says.another };
    else if (answer.status === 403) answer = await post(address, body);
  }
  sending = false;
  place.removeAttribute("aria-busy");
  if (answer.html !== undefined) show(answer.html);
  else if (answer.next) {
    unsent = false;
    location.assign(answer.next);
  } else say(answer.message ?? told.says.failed, { link: answer.status === 401 });
}

/** Whatever may have changed an answer. */
function changed(event) {
  if (!event.target.closest("input, textarea, select, button, label, [role=option], [role=radio], [draggable]")) return;
  if (event.target.closest(".odk-form > .form-wrapper > .footer, .language-changer")) return;
  [unsent, held] = [true, null];
  result?.classList.add("fc-trial--old");
  if (Date.now() - heard > PING) ping().catch(() => {});
}

const UNNAMED = ":is(input, [role=combobox]):not([aria-labelledby], [aria-label], [type=file], [type=radio], [type=checkbox])";

/** What ODK Web Forms leaves without a name: inputs get their question's, and panels are groups, not parts of the page. */
function nameParts() {
  for (const input of place.querySelectorAll(UNNAMED)) {
    const label = input.labels?.length ? null : input.closest(".question-container")?.querySelector("label");
    if (!label) continue;
    label.id ||= `label-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    input.setAttribute("aria-labelledby", label.id);
  }
  for (const panel of place.querySelectorAll("[role=region]")) panel.setAttribute("role", "group");
}

/** Names of months and days as the browser knows them. */
function calendar(language) {
  const months = (month) => Array.from({ length: 12 }, (_, i) => new Intl.DateTimeFormat(language, { month }).format(new Date(2024, i, 15)));
  const days = (weekday) => Array.from({ length: 7 }, (_, i) => new Intl.DateTimeFormat(language, { weekday }).format(new Date(2024, 0, 7 + i)));
  return {
    monthNames: months("long"), monthNamesShort: months("short"),
    dayNames: days("long"), dayNamesShort: days("short"), dayNamesMin: days("narrow"), ...told.calendar,
  };
}

async function open() {
  globalThis.formWords = told.words;  // Before its parts are loaded, which look some words up as they are read.
  const [{ createApp, h }, { OdkWebForm, webFormsPlugin }, xform] = await Promise.all([
    import("vue"),
    import("@getodk/web-forms"),
    fetch(told.xform).then((answer) => {
      if (!answer.ok) throw new Error(`The form answered ${answer.status}`);
      return answer.text();
    }),
  ]);
  const editing = told.instance && {
    resolveInstance: () => fetch(told.instance),
    attachmentFileNames: Object.keys(told.attachments),
    resolveAttachment: (name) => file(told.attachments, name),
  };
  const app = createApp({
    render: () => h(OdkWebForm, {
      formXml: inLanguage(xform, told.language),
      missingResourceBehavior: "BLANK",
      preloadProperties: { username: told.username },
      fetchFormAttachment: (url) => file(told.media, decodeURIComponent(url.pathname.split("/").pop())),
      editInstance: editing || undefined,
      onSubmit: async (payload, done) => {
        await send(told.send, held ?? payload.data[0]);
        done();
      },
    }),
  }).use(webFormsPlugin);
  Object.assign(app.config.globalProperties.$primevue.config.locale, calendar(told.language));
  app.mount(place);
  new MutationObserver(nameParts).observe(place, { childList: true, subtree: true });
  for (const kind of ["input", "change", "click", "keydown", "drop"]) place.addEventListener(kind, changed);
  addEventListener("beforeunload", (event) => {
    if (unsent) event.preventDefault();
  });
}

open().catch((error) => {
  console.error(error.message);
  place.textContent = "";
  say(told.says.unopened);
});
