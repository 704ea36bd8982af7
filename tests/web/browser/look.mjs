// Opens pages in Chromium and prints what there is to see as JSON. The one argument is JSON:
// {chromium, pictures, folded, looks: [{name, url, width, scheme, axe}], live: {url, pattern}, keyboard: {url}}
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const wanted = JSON.parse(process.argv[2]);
const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const browser = await chromium.launch({
  executablePath: wanted.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

async function open(look) {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: 900 },
    colorScheme: look.scheme ?? "light",
    javaScriptEnabled: look.scripts ?? true,
    bypassCSP: false,
  });
  const page = await context.newPage();
  const messages = [];
  page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => messages.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { messages.push("dialog"); dialog.dismiss(); });
  await page.goto(look.url);
  return { context, page, messages };
}

// Returns the texts of elements that overlap although neither contains the other.
function findOverlaps() {
  const parts = [...document.querySelectorAll("td, th, h1, h2, .tiles a, .facts div, header > *, .filter > *, .pages a")];
  const boxes = parts.map((part) => [part, part.getBoundingClientRect()]).filter(([, box]) =>
    box.width > 1 && box.height > 1 && box.right > 0);
  const found = [];
  for (const [one, a] of boxes) {
    for (const [other, b] of boxes) {
      if (one === other || one.contains(other) || other.contains(one)) continue;
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1.5 && high > 1.5) found.push(`${one.textContent.trim().slice(0, 40)} | ${other.textContent.trim().slice(0, 40)}`);
    }
  }
  return found;
}

async function look(each) {
  const { context, page, messages } = await open(each);
  if (!wanted.folded) await page.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
  const seen = {
    name: each.name,
    title: await page.title(),
    heading: await page.locator("h1").innerText(),
    background: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    overflow: await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    overlaps: await page.evaluate(findOverlaps),
    rows: await page.locator("tbody tr").count(),
    injected: await page.evaluate(() => document.querySelectorAll("main img, main script").length),
    violations: [],
  };
  if (each.axe) {
    const bare = await browser.newContext({ bypassCSP: true, viewport: { width: each.width, height: 900 }, colorScheme: each.scheme });
    const second = await bare.newPage();
    await second.goto(each.url);
    await second.evaluate(axe);
    const found = await second.evaluate(() => globalThis.axe.run());
    seen.violations = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
    await bare.close();
  }
  if (wanted.pictures) await page.screenshot({ path: `${wanted.pictures}/${each.name}.png`, fullPage: each.whole ?? false });
  seen.messages = messages;
  await context.close();
  return seen;
}

// Follows a text that changes on the page without a navigation, and says whether scrolling and open parts survive.
async function follow({ url, pattern }) {
  const { context, page, messages } = await open({ url });
  let loads = 0;
  page.on("load", () => { loads += 1; });
  const read = () => page.evaluate((text) => (document.querySelector("main").textContent.match(new RegExp(text)) ?? [""])[0], pattern);
  await page.evaluate(() => { document.querySelectorAll("details").forEach((part) => { part.open = true; }); scrollTo(0, 120); });
  const texts = new Set();
  for (let turn = 0; turn < 120 && texts.size < 2; turn += 1) {
    const text = await read();
    if (text) texts.add(text);
    await page.waitForTimeout(500);
  }
  const result = {
    texts: [...texts], loads, messages,
    scroll: await page.evaluate(() => scrollY),
    open: await page.evaluate(() => document.querySelector("details").open),
  };
  await context.close();
  return result;
}

async function tabThrough({ url }) {
  const { context, page } = await open({ url });
  const reached = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => {
      const active = document.activeElement;
      return active.getAttribute("href") ?? active.getAttribute("name") ?? active.tagName.toLowerCase();
    }));
  }
  await context.close();
  return reached;
}

const result = { looks: [] };
for (const each of wanted.looks ?? []) result.looks.push(await look(each));
if (wanted.live) result.live = await follow(wanted.live);
if (wanted.keyboard) result.keyboard = await tabThrough(wanted.keyboard);
await browser.close();
process.stdout.write(JSON.stringify(result));
