// Opens HTML reports in headless Chromium as a reader would: filter, search, deep link, keyboard, no error on the console,
// no request to the network, nothing wider than the screen, and nothing executed that a registry wrote.
//
// Usage: node check.mjs REPORT.html HOSTILE.html FOLDER_FOR_SCREENSHOTS
// Needs the npm package playwright-core (found by NODE_PATH or beside this file) and Chromium (CHROMIUM, or on the path).
import { createRequire } from "node:module";
import { mkdirSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";

const { chromium } = createRequire(import.meta.url)("playwright-core");
const [report, hostile, shots] = process.argv.slice(2);
const MOST_BYTES = 1_000_000;
const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1200, height: 1400 } },
  dark: { colorScheme: "dark", viewport: { width: 1200, height: 1400 } },
  phone: { colorScheme: "light", viewport: { width: 390, height: 1200 } },
};

mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox"],
});

/// A page that collects whatever must not happen on it.
async function open(file, look = LOOKS.light, hash = "") {
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

const shown = (page) => page.locator("[data-v]:not([hidden])").count();

for (const [name, look] of Object.entries(LOOKS)) {
  const { page, wrong, close } = await open(report, look);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= look.viewport.width, `${name}: the page is ${width} wide`);
  await page.screenshot({ path: `${shots}/${name}.png` });
  // Everything unfolded is what a narrow screen has most trouble with.
  await page.evaluate(() => document.querySelectorAll(".fail details").forEach((d) => { d.open = true; }));
  const unfolded = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(unfolded <= look.viewport.width, `${name}: unfolded, the page is ${unfolded} wide`);
  await page.evaluate(() => document.getElementById("findings").scrollIntoView());
  await page.screenshot({ path: `${shots}/${name}-findings.png` });
  assert.deepEqual(wrong, [], name);
  await close();
}

{
  const { page, wrong, close } = await open(report);
  const all = await shown(page);
  assert.ok(all > 10, "there is something to filter");
  await page.getByRole("button", { name: "pass", exact: true }).click();
  const passed = await shown(page);
  assert.ok(passed > 0 && passed < all, "a verdict can be chosen");
  assert.equal(await page.locator('[data-v]:not([data-v="pass"]):not([hidden])').count(), 0);
  await page.getByRole("button", { name: "pass", exact: true }).click();
  assert.equal(await shown(page), all, "and left again");

  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search", "/ leads to the search");
  await page.keyboard.type("manifest");
  const found = await shown(page);
  assert.ok(found > 0 && found < all, "the search narrows");
  await page.keyboard.press("Escape");
  assert.equal(await shown(page), all, "Escape clears it");
  await page.fill("#search", "no such thing anywhere");
  assert.ok(await page.locator("#none").isVisible(), "an empty result says so");
  await page.screenshot({ path: `${shots}/nothing.png` });
  await page.fill("#search", "");

  const summary = page.locator("[data-v] summary").first();
  await summary.focus();
  const before = await summary.evaluate((s) => s.parentElement.open);
  await page.keyboard.press("Enter");
  assert.notEqual(await summary.evaluate((s) => s.parentElement.open), before, "the keyboard unfolds");
  assert.deepEqual(wrong, []);
  await close();
}

{
  const { page: list, close: closeList } = await open(report);
  const id = await list.locator('[id^="case-"]').nth(5).getAttribute("id");
  await closeList();
  const { page, wrong, close } = await open(report, LOOKS.light, `#${encodeURIComponent(id)}`);
  const target = page.locator(`[id="${id}"]`);
  assert.ok(await target.locator("details").first().evaluate((d) => d.open), "a deep link opens its case");
  assert.ok(await target.evaluate((e) => e.getBoundingClientRect().top < innerHeight), "and shows it");
  await page.screenshot({ path: `${shots}/deep-link.png` });
  assert.deepEqual(wrong, []);
  await close();
}

{
  const { page, wrong, close } = await open(hostile);
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => window.hacked), undefined, "nothing of a registry's runs");
  assert.equal(await page.locator("script").count(), 1, "the only script is ours");
  assert.equal(await page.locator("img, iframe, object, embed, svg, form").count(), 0, "no element of a registry's");
  const links = await page.evaluate(() => [...document.links].map((a) => a.protocol));
  assert.ok(links.every((p) => ["file:", "https:", "http:"].includes(p)), "links lead to the web only");
  await page.screenshot({ path: `${shots}/hostile.png` });
  assert.deepEqual(wrong, []);
  await close();
}

await browser.close();
const bytes = statSync(report).size;
assert.ok(bytes < MOST_BYTES, `the report has ${bytes} bytes`);
console.log(`the page holds what it promises; ${bytes} bytes`);
