// Starts what makes a page quicker to work with. Every page works without it as plain forms and links.
import { initAll } from "govuk-frontend";
import "htmx.org";
import { startCopying } from "./copy.js";
import { foldFilters, startMenus } from "./menus.js";
import { startProgress } from "./progress.js";

/** Parts that are drawn anew inside a page are started like the page itself. */
async function start(scope) {
  initAll(scope === document ? undefined : { scope });
  startCopying(scope);
  startProgress(scope);
  if (scope.querySelector('[data-module="moj-multi-select"], [data-module="moj-sortable-table"]')) {
    (await import("@ministryofjustice/frontend")).initAll(scope === document ? undefined : { scope });
  }
}

startMenus();
foldFilters(document);
document.addEventListener("htmx:after:swap", (event) => start(event.target instanceof Element ? event.target : document));
start(document);
