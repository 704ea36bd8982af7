// Draws dashboards: `node draw.mjs JOB.json`. The job names the folder to write to, the browser, and the pictures; of each
// picture come NAME.png (the whole page), NAME-first.png (the first screen) and NAME.json (what was asked and drawn).
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { see } from './see.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const IMAGES = path.join(HERE, 'node_modules/@grafana/ui/dist/public');
const FONTS = path.join(HERE, 'node_modules/@fontsource/inter/files');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const HARMLESS = /LoggerRegistry|grafanaBootData|ResizeObserver|status of 404/; // of 404: icons that the packages leave out
const WAIT_MS = 60_000;

function fileOf(pathname) {
  const font = /^\/public\/fonts\/inter\/Inter-(Regular|Medium)\.woff2$/.exec(pathname);
  if (font) {
    return path.join(FONTS, `inter-latin-${font[1] === 'Medium' ? 500 : 400}-normal.woff2`);
  }
  if (pathname.startsWith('/public/build/')) {
    return path.join(IMAGES, pathname.slice('/public/build/'.length));
  }
  return path.join(HERE, pathname === '/' ? 'index.html' : pathname);
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const file = fileOf(path.normalize(pathname));
  try {
    await stat(file);
    response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  } catch {
    response.statusCode = 404;
    response.end();
  }
}

async function settle(page) {
  // Drawn is what asks nothing any more, shows no spinner, and looks the same twice.
  let before = '';
  const until = Date.now() + WAIT_MS;
  while (Date.now() < until) {
    await page.waitForTimeout(300);
    const now = await page.evaluate(() => {
      const open = (window.seen?.asked ?? []).filter((each) => each.series === undefined && !each.error).length;
      const loading = document.querySelectorAll('[aria-label="Panel loading bar"], [data-testid="Spinner"]').length;
      return JSON.stringify([window.seen?.asked.length ?? 0, open, loading, document.body.innerText.length, document.body.scrollHeight]);
    });
    const [asked, open, loading] = JSON.parse(now);
    if (asked && !open && !loading && now === before) {
      return;
    }
    before = now;
  }
  throw new Error(`not drawn within ${WAIT_MS / 1000} s: ${before}`);
}

async function take(page, { out, name, width, first }) {
  await page.setViewportSize({ width, height: first });
  await settle(page);
  await page.screenshot({ path: path.join(out, `${name}-first.png`) });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height });
  await settle(page);
  await page.screenshot({ path: path.join(out, `${name}.png`) });
  return page.evaluate(see);
}

async function draw(page, errors, out, picture) {
  const first = picture.first ?? 1000;
  const dashboard = JSON.parse(await readFile(picture.dashboard, 'utf8'));
  for (const [index, width] of picture.widths.entries()) {
    const name = `${picture.name}-${width}`;
    let seen = {};
    try {
      if (index === 0) {
        await page.setViewportSize({ width, height: first });
        await page.evaluate((wanted) => window.draw(wanted), { ...picture, dashboard });
      }
      seen = await take(page, { out, name, width, first });
    } catch (error) {
      errors.push(String(error));
    }
    await writeFile(path.join(out, `${name}.json`), JSON.stringify({ errors: errors.splice(0), ...seen }, null, 1));
  }
}

const job = JSON.parse(await readFile(process.argv[2], 'utf8'));
const server = createServer(answer).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const browser = await chromium.launch({ executablePath: job.browser, args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'] });
try {
  const page = await browser.newPage({ timezoneId: 'UTC', locale: 'en-US' });
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !HARMLESS.test(message.text())) {
      errors.push(message.text());
    }
  });
  await page.clock.setFixedTime(job.pictures[0].now * 1000);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  for (const picture of job.pictures) {
    const begun = performance.now();
    await draw(page, errors, job.out, picture);
    console.log(`${picture.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
} finally {
  await browser.close();
  server.close();
}
