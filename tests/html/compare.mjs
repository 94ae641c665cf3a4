// Opens registries side by side in headless Chromium as a reader would: search, filter, deep link, keyboard, a phone.
//
// Usage: node compare.mjs COMPARISON.html HOSTILE.html FOLDER_FOR_SCREENSHOTS
import { mkdirSync } from "node:fs";
import assert from "node:assert/strict";
import { LOOKS, browser, headings, isHarmless, open, searches, shown } from "./browser.mjs";

const [comparison, hostile, shots] = process.argv.slice(2);
mkdirSync(shots, { recursive: true });

for (const [name, look] of Object.entries(LOOKS)) {
  const { page, wrong, close } = await open(comparison, look);
  if (name === "phone") {
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= look.viewport.width, `the page is ${width} wide`);
  }
  await page.screenshot({ path: `${shots}/compare-${name}.png` });
  await page.fill("#search", "referrers");
  await page.mouse.wheel(0, 700);
  await page.waitForFunction(() => scrollY > 0);
  // The search and the names of the registries stay where they are, beside each other.
  const boxes = await Promise.all(["nav", "thead th:last-child"].map((part) => page.locator(part).boundingBox()));
  assert.ok(boxes[0].y >= 0 && boxes[0].y + boxes[0].height <= boxes[1].y + 1 && boxes[1].y < 120, JSON.stringify(boxes));
  const inside = await page.evaluate(() =>
    [...document.querySelectorAll("nav > *")].every((e) => e.getBoundingClientRect().right <= innerWidth));
  assert.ok(inside, `${name}: the filter fits the screen`);
  await page.screenshot({ path: `${shots}/compare-${name}-search.png` });
  assert.deepEqual(wrong, [], name);
  await close();
}

{
  // Three registries fit a window of 1000 pixels; of more, those that are left over are taken away to see.
  const { page, close } = await open(comparison, { colorScheme: "light", viewport: { width: 1000, height: 1000 } });
  const width = await page.evaluate(() => {
    document.querySelectorAll("tr > :nth-child(n+5)").forEach((cell) => cell.remove());
    document.querySelectorAll("td[colspan]").forEach((cell) => { cell.colSpan = 4; });
    document.querySelector("table").style.setProperty("--columns", "3");
    return document.documentElement.scrollWidth;
  });
  assert.ok(width <= 1000, `three registries are ${width} wide`);
  await close();
}

await searches(comparison, "referrers", `${shots}/compare-nothing.png`);

{
  const { page, wrong, close } = await open(comparison);
  const rows = (words) => page.evaluate((words) =>
    [...document.querySelectorAll("[data-v] > [data-text]")].filter((cell) =>
      words.split(" ").every((word) => cell.textContent.toLowerCase().includes(word))).length, words);
  // What a requirement says is found, and the name of a fact; `yes` and `no` are answers, and would be found everywhere.
  for (const word of ["dist-pull", "is answered with", "catalogue"]) {
    await page.fill("#search", word);
    assert.ok((await shown(page)) > 0, word);
    assert.equal(await shown(page), await rows(word), word);
  }
  await page.fill("#search", "catalogue");
  assert.deepEqual((await headings(page)).filter((heading) => heading === "Facts"), ["Facts"]);
  await page.fill("#search", "");

  const all = await shown(page);
  await page.focus("#search");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  const alike = await page.evaluate(() =>
    [...document.querySelectorAll("[data-v]:not([hidden])")].filter((row) => {
      const cells = [...row.querySelectorAll("td:not([data-text])")].map((cell) => cell.textContent + cell.className);
      return new Set(cells).size === 1;
    }).length);
  const different = await shown(page);
  assert.ok(different > 0 && different < all, `${different} of ${all}`);
  assert.equal(alike, 0, "the keyboard leaves only what differs");
  await page.screenshot({ path: `${shots}/compare-differs.png` });
  await page.fill("#search", "dist-");
  const both = await shown(page);
  const link = await page.evaluate(() => location.hash);
  assert.equal(link, "#q=dist-&f=differs");
  assert.deepEqual(wrong, []);
  await close();

  const linked = await open(comparison, LOOKS.phone, link);
  assert.equal(await shown(linked.page), both, "one link keeps both");
  assert.ok(await linked.page.locator('button[aria-pressed="true"]').isVisible());
  await linked.close();
}

await isHarmless(hostile, `${shots}/compare-hostile.png`);
await browser.close();
console.log("registries side by side: the page holds what it promises");
