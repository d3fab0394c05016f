// Buttons that copy a text shown in the page. Without a secure context there is no clipboard: the text is then selected, ready for Ctrl+C.
function select(element) {
  const selection = getSelection();
  selection.removeAllRanges();
  const range = document.createRange();
  range.selectNodeContents(element);
  selection.addRange(range);
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  select(source);
  if (!navigator.clipboard) return source.focus();
  await navigator.clipboard.writeText(source.textContent);
  const words = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = words; }, 2000);
}

export function startCopying(scope) {
  for (const button of scope.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}
