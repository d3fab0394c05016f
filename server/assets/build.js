// Compiles and copies what the pages need into ../static/built, each file under a name that carries its content's hash.
// manifest.json maps the plain name to the hashed one; a ".gz" beside a file is the same file compressed.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as sass from "sass";
import { inOurWords } from "./web_forms.js";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const built = join(here, "..", "static", "built");

const packages = {
  "govuk-frontend": "govuk-frontend/dist/govuk/govuk-frontend.min.js",
  "@ministryofjustice/frontend": "@ministryofjustice/frontend/moj/moj-frontend.min.js",
  "htmx.org": "htmx.org/dist/htmx.esm.min.js",
};
const webForms = "@getodk/web-forms";
// Named by the import map of the pages that show a form, which finds the hashed names of all parts.
const mapped = { vue: "vue", [webForms]: webForms };
const served = ["@fontsource-variable/atkinson-hyperlegible-next", "govuk-frontend", "@ministryofjustice/frontend", "htmx.org", webForms, "vue"];
const fonts = "@fontsource-variable/atkinson-hyperlegible-next/files";
const compressible = new Set([".css", ".js", ".svg", ".txt"]);

const manifest = {};

/** The file is written under its hashed name, which is remembered in the manifest and returned. */
function keep(name, content) {
  const bytes = Buffer.from(content);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const { name: stem, ext } = parse(name);
  const hashed = `${stem}.${hash}${ext}`;
  writeFileSync(join(built, hashed), bytes);
  if (compressible.has(ext)) writeFileSync(join(built, `${hashed}.gz`), gzipSync(bytes, { level: 9 }));
  manifest[name] = hashed;
  return hashed;
}

const text = (...path) => readFileSync(join(...path), "utf8");
const withoutSourceMap = (source) => source.replace(/\n?\/[/*][#@] sourceMappingURL=[^\n]*\n?$/u, "\n");

/** Fonts first: the style sheet names them. */
function keepFonts() {
  for (const file of readdirSync(join(modules, fonts)).sort()) keep(file, readFileSync(join(modules, fonts, file)));
}

function keepImages() {
  for (const file of readdirSync(join(here, "images")).sort()) keep(file, readFileSync(join(here, "images", file)));
}

/** Warnings of our own style sheets are shown; those of the packages are their makers' to mend. */
function warn(message, { stack }) {
  if (!stack?.split("\n")[0].includes("node_modules")) console.warn(`${message}\n${stack ?? ""}`);
}

function keepStyles() {
  const options = { loadPaths: [here], style: "compressed", quietDeps: true, logger: { warn } };
  const { css } = sass.compile(join(here, "scss", "desk.scss"), options);
  keep("desk.css", css.replaceAll(/url\(["']?built:([^"')]+)["']?\)/gu, (_, name) => {
    if (!(name in manifest)) throw new Error(`desk.scss names ${name}, which is neither a font nor an image of ours.`);
    return `url(${manifest[name]})`;
  }));
}

/** Packages first, then our modules in the order that lets each find the hashed names of those it imports. */
function keepScripts() {
  const names = { ...mapped };
  for (const [name, path] of Object.entries(packages)) names[name] = `./${keep(parse(path).base, withoutSourceMap(text(modules, path)))}`;
  const resolved = (source) => source.replaceAll(/(from|import)(\s*\(?\s*)"([^"]+)"/gu, (_, word, gap, name) => {
    if (!(name in names)) throw new Error(`A script imports ${name}, which the build does not know (yet): see order in build.js.`);
    return `${word}${gap}"${names[name]}"`;
  });
  const ours = readdirSync(join(here, "js")).filter((file) => extname(file) === ".js");
  ours.sort((a, b) => (a === "desk.js") - (b === "desk.js") || a.localeCompare(b));
  for (const file of ours) names[`./${file}`] = `./${keep(file, resolved(text(here, "js", file)))}`;
}

/** The parts of ODK Web Forms, of which the map is fetched only where a form shows one; none of them is bundled anew. */
function keepWebForms() {
  keep("web-forms/vue.js", text(modules, "vue/dist/vue.runtime.esm-browser.prod.js"));
  const parts = readdirSync(join(modules, webForms, "dist")).filter((file) => extname(file) === ".js").sort();
  const sources = inOurWords(Object.fromEntries(parts.map((file) => [file, text(modules, webForms, "dist", file)])));
  for (const file of parts) keep(`web-forms/${file}`, sources[file]);
}

/** Each served package with its version, its licence and that one's text, ours where it is the same and the package carries none. */
function keepLicences() {
  const parts = served.map((name) => {
    const { version, license } = JSON.parse(text(modules, name, "package.json"));
    const file = join(modules, name, "LICENSE");
    const title = `${name} ${version}, licence ${license}`;
    const words = existsSync(file) ? text(file) : license === "Apache-2.0" ? text(here, "..", "..", "LICENSE") : "";
    return `${title}\n${"=".repeat(title.length)}\n${words ? `\n${words.trim()}\n` : ""}`;
  });
  keep("licences.txt", parts.join("\n\n"));
}

/** What earlier builds left goes only after the new manifest is in place. */
function forgetOldFiles() {
  const current = new Set(Object.values(manifest).flatMap((name) => [name, `${name}.gz`]));
  for (const file of readdirSync(built)) if (!current.has(file) && file !== "manifest.json" && file !== ".done") rmSync(join(built, file));
}

mkdirSync(built, { recursive: true });
keepFonts();
keepImages();
keepStyles();
keepWebForms();
keepScripts();
keepLicences();
writeFileSync(join(built, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
forgetOldFiles();
