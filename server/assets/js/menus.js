// Menus made of <details> close on Escape and on a click elsewhere; filters start closed on a phone when none is set.
const phone = matchMedia("(max-width: 40em)");

export function startMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

export function foldFilters(scope) {
  for (const filter of scope.querySelectorAll("details[data-filter]")) if (phone.matches && filter.dataset.chosen === "0") filter.open = false;
}
