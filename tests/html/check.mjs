// Opens HTML reports in headless Chromium as a reader would: filter, search, deep link, keyboard, paper, no error on the
// console, no request to the network, nothing wider than the screen, and nothing executed that a registry wrote.
//
// Usage: node check.mjs REPORT.html HOSTILE.html FOLDER_FOR_SCREENSHOTS
import { mkdirSync, statSync } from "node:fs";
import assert from "node:assert/strict";
import { LOOKS, browser, headings, isHarmless, open, searches, shown } from "./browser.mjs";

const [report, hostile, shots] = process.argv.slice(2);
const MOST_BYTES = 1_000_000;
const MOST_SHEETS = 25;

mkdirSync(shots, { recursive: true });

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

await searches(report, "manifest", `${shots}/nothing.png`);

{
  const { page, wrong, close } = await open(report);
  const all = await shown(page);
  assert.ok(all > 10, "there is something to filter");
  const pass = page.getByRole("button", { name: "pass", exact: true });
  await pass.click();
  const passed = await shown(page);
  assert.ok(passed > 0 && passed < all, "a verdict can be chosen");
  assert.equal(await page.locator('[data-v]:not([data-v="pass"]):not([hidden])').count(), 0);
  assert.ok(!(await headings(page)).includes("Findings"), "no finding passed, so no heading stands over them");
  assert.equal(await page.locator('nav a[href="#findings"]').isVisible(), false, "and no link leads to them");
  assert.equal(await page.evaluate(() => location.hash), "#f=pass");
  await pass.click();
  assert.equal(await shown(page), all, "and left again");
  assert.ok((await headings(page)).includes("Findings"));

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
  await page.fill("#search", "no such thing anywhere");
  await page.evaluate((hash) => { location.hash = hash; }, id);
  await target.waitFor();
  assert.ok((await headings(page)).includes("Cases"), "whatever the search says, under its heading");
  assert.deepEqual(wrong, []);
  await close();
}

// What is printed: every finding with its evidence, every requirement, no case that passed, nothing to click.
for (const file of [report, hostile]) {
  const { page, wrong, close } = await open(file, LOOKS.dark);
  const open_ = () => page.locator("details[open]").count();
  const unfolded = await open_();
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  for (const part of ["header", ".sentence", ".card", ".item", ".item .diff", ".item pre", "[id^=requirement-]", "[id^=requirement-] p:first-of-type"]) {
    const parts = page.locator(part);
    assert.equal(await parts.locator("visible=true").count(), await parts.count(), `${part} is on paper`);
  }
  assert.equal(await page.locator(":is(button, input, nav, [id^=case-].pass, [id^=case-].skip):visible").count(), 0);
  const dim = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(dim, "rgb(255, 255, 255)", "paper is white, however dark the screen");
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  assert.equal(await open_(), unfolded, "and the page is folded again");
  const pdf = await page.pdf({ format: "A4", path: `${shots}/${file === report ? "report" : "hostile"}.pdf` });
  const sheets = pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g).length;
  assert.ok(sheets <= MOST_SHEETS, `${file}: ${sheets} sheets`);
  assert.deepEqual(wrong, []);
  await close();
}

await isHarmless(hostile, `${shots}/hostile.png`);
await browser.close();
const bytes = statSync(report).size;
assert.ok(bytes < MOST_BYTES, `the report has ${bytes} bytes`);
console.log(`the page holds what it promises; ${bytes} bytes`);
