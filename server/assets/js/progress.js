// While files are sent and checked the page says so; without scripts the browser shows its own wait. Files may be dropped anywhere.
function show(form) {
  const progress = form.querySelector("[data-progress]");
  if (progress) progress.hidden = false;
}

function acceptDrops(form) {
  const field = form.querySelector('input[type="file"]:not([multiple])');
  if (!field) return;
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (event.target.closest(".govuk-drop-zone")) return;
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    const held = new DataTransfer();
    held.items.add(event.dataTransfer.files[0]);
    field.files = held.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

export function startProgress(scope) {
  for (const progress of scope.querySelectorAll("[data-progress]")) {
    const form = progress.closest("form");
    form.addEventListener("submit", () => show(form));
    acceptDrops(form);
  }
}

addEventListener("pageshow", () => {
  for (const progress of document.querySelectorAll("[data-progress]")) progress.hidden = true;
});
