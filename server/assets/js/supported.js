// Runs before the page is drawn, so that what needs scripts does not jump into place afterwards.
document.body.className += " js-enabled" + ("noModule" in HTMLScriptElement.prototype ? " govuk-frontend-supported" : "");
