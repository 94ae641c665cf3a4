// Pages in headless Chromium, as readers look at them, with an eye on what must never happen.
//
// Needs the npm package playwright-core (found by NODE_PATH or beside this file) and Chromium (CHROMIUM, or on the path).
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";

const { chromium } = createRequire(import.meta.url)("playwright-core");

export const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1200, height: 1400 } },
  dark: { colorScheme: "dark", viewport: { width: 1200, height: 1400 } },
  phone: { colorScheme: "light", viewport: { width: 390, height: 1200 } },
};

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox"],
});

/// A page, and whatever was wrong on it: something on the console, a dialog, a request to the network.
export async function open(file, look = LOOKS.light, hash = "") {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("dialog", (dialog) => { wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => !request.url().startsWith("file:") && wrong.push(`request: ${request.url()}`));
  await page.goto(pathToFileURL(resolve(file)).href + hash);
  return { page, wrong, close: () => context.close() };
}

/// How many of the things that a filter shows or hides are shown.
export const shown = (page) => page.locator("[data-v]:not([hidden])").count();

/// The headings that are seen.
export const headings = (page) => page.locator("h2:visible").allTextContents();

/// Nothing of what a registry wrote runs, and nothing of it is an element.
export async function isHarmless(file, screenshot) {
  const { page, wrong, close } = await open(file);
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => window.hacked), undefined, "nothing of a registry's runs");
  assert.equal(await page.locator("script").count(), 1, "the only script is ours");
  assert.equal(await page.locator("img, iframe, object, embed, svg, form").count(), 0, "no element of a registry's");
  const links = await page.evaluate(() => [...document.links].map((a) => a.protocol));
  assert.ok(links.every((p) => ["file:", "https:", "http:"].includes(p)), "links lead to the web only");
  await page.screenshot({ path: screenshot });
  assert.deepEqual(wrong, []);
  await close();
}

/// The search, its keys, and the link that keeps it: alike on every page. `word` is found in some items and not in all.
export async function searches(file, word, screenshot) {
  const { page, wrong, close } = await open(file);
  const all = await shown(page);
  const allHeadings = await headings(page);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search", "/ leads to the search");
  await page.keyboard.type(word.toUpperCase());
  const found = await shown(page);
  assert.ok(found > 0 && found < all, `the search narrows: ${found} of ${all}`);
  assert.equal(await page.locator("#shown").textContent(), `${found} of ${all}`, "and says how far");
  assert.equal(await page.locator("#none").isVisible(), false);
  const empty = await page.evaluate(() =>
    [...document.querySelectorAll("[data-group]")].filter((g) => !g.hidden && !g.querySelector("[data-v]:not([hidden])")).length);
  assert.equal(empty, 0, "a group without a hit is gone");
  const link = await page.evaluate(() => location.hash);
  assert.equal(link, `#q=${word.toUpperCase()}`, "the address keeps the search");
  await page.keyboard.press("Escape");
  assert.equal(await shown(page), all, "Escape clears it");
  assert.equal(await page.evaluate(() => location.hash), "", "in the address too");
  assert.deepEqual(await headings(page), allHeadings);

  await page.fill("#search", "no such thing anywhere");
  assert.ok(await page.locator("#none").isVisible(), "an empty result says so");
  assert.match(await page.locator("#none").textContent(), /nothing matches/i);
  assert.deepEqual(await headings(page), [], "and no heading stands over nothing");
  await page.screenshot({ path: screenshot });
  await page.fill("#search", "");
  assert.deepEqual(await headings(page), allHeadings);
  assert.deepEqual(wrong, []);
  await close();

  const linked = await open(file, LOOKS.light, link);
  assert.equal(await shown(linked.page), found, "a link to a search shows the same");
  assert.equal(await linked.page.inputValue("#search"), word.toUpperCase());
  await linked.page.evaluate(() => { location.hash = "#q=nothing+of%20that+kind"; });
  await linked.page.waitForFunction(() => document.getElementById("search").value === "nothing of that kind");
  assert.equal(await shown(linked.page), 0, "so does one that is followed on the page");
  assert.deepEqual(linked.wrong, []);
  await linked.close();
}
