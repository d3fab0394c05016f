// Starts the design systems' components on the page. Every page works without it as plain forms and links.
import { initAll } from "govuk-frontend";
import "htmx.org";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();
