// Opens a review page in a real browser, as a reviewer would: filters,
// expands, turns the diffs, looks at it in the dark. What fails throws.
//
// node review.mjs MODULES CHROMIUM PAGE SCREENSHOTS
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, executablePath, page, screenshots] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, 'x.js'))('playwright-core');
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, colorScheme: 'light' });
  const tab = await context.newPage();
  const said = [];
  tab.on('console', (message) => said.push(message.text()));
  tab.on('pageerror', (error) => said.push(String(error)));
  tab.on('dialog', (dialog) => { said.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  const asked = [];
  tab.on('request', (request) => asked.push(request.url()));
  await tab.goto(pathToFileURL(page).href);
  assert.deepEqual(asked, [pathToFileURL(page).href], 'nothing else is loaded');

  const files = tab.locator('.file');
  const visible = () => tab.locator('.file:not([hidden])').count();
  const all = await files.count();
  assert.ok(all >= 6, `${all} files`);
  assert.equal(await tab.evaluate(() => globalThis.sprung), undefined, 'no content is run');
  const outside = '[src], [href], iframe, object, embed, img, link, base';
  assert.equal(await tab.locator(outside).count(), 0, 'no content is markup');
  assert.equal(await tab.locator('[style], [onclick], [onmouseover]').count(), 0);
  assert.equal(await tab.locator('script').count(), 1);

  await tab.screenshot({ path: join(screenshots, 'light.png') });

  // Filters by words and by answers.
  await tab.keyboard.press('/');
  await tab.keyboard.type('minified api');
  assert.equal(await visible(), 1);
  assert.match(await tab.locator('#count').textContent(), /^1 of \d+ files$/);
  await tab.locator('#filter').fill('');
  await tab.keyboard.press('Escape');
  assert.equal(await visible(), all);
  const fixable = tab.locator('[data-status="fixable"]');
  await fixable.click();
  assert.equal(await fixable.getAttribute('aria-pressed'), 'false');
  assert.ok(await visible() < all);
  await fixable.click();
  assert.equal(await visible(), all);

  // Expands by keys; what is changed is marked, and only that.
  await tab.locator('#filter').fill('web/template.yaml');
  await tab.keyboard.press('Escape');
  await tab.keyboard.press('j');
  await tab.keyboard.press('o');
  const web = tab.locator('.file:not([hidden])');
  assert.ok(await web.evaluate((file) => file.open));
  assert.deepEqual(await web.locator('mark').allTextContents(), ['MUTABLE', 'IMMUTABLE']);
  assert.equal(await web.locator('tr.added').count(), 2);
  assert.equal(await web.locator('tr.removed').count(), 1);

  // Turned to the side, what goes stands beside what comes.
  await tab.keyboard.press('s');
  const row = web.locator('tr', { has: tab.locator('td.removed') });
  assert.match(await row.textContent(), /MUTABLE # for now.*IMMUTABLE # for now/);
  await tab.screenshot({ path: join(screenshots, 'split.png') });
  await tab.keyboard.press('s');
  assert.equal(await web.locator('tr.removed').count(), 1);
  await tab.locator('#filter').fill('');
  await tab.keyboard.press('Escape');

  await tab.keyboard.press('e');
  assert.equal(await tab.locator('.file[open]').count(), all);
  await tab.screenshot({ path: join(screenshots, 'expanded.png'), fullPage: true });
  await tab.keyboard.press('?');
  assert.ok(await tab.locator('#keys').evaluate((keys) => keys.open));
  await tab.keyboard.press('Escape');

  // In the dark, and on a small screen.
  const light = await tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await tab.emulateMedia({ colorScheme: 'dark' });
  const dark = await tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.notEqual(light, dark);
  await tab.screenshot({ path: join(screenshots, 'dark.png'), fullPage: true });
  await tab.setViewportSize({ width: 400, height: 800 });
  const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
  await tab.screenshot({ path: join(screenshots, 'narrow.png') });
  assert.deepEqual(said, [], 'the console is silent');

  // Should markup of a template ever get into the page, its policy stops it.
  await tab.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'globalThis.sprung = 9';
    document.body.append(script);
    const image = document.createElement('div');
    image.innerHTML = '<img src="x" onerror="globalThis.sprung = 10">';
    document.body.append(image);
  });
  await tab.waitForTimeout(100);
  assert.equal(await tab.evaluate(() => globalThis.sprung), undefined);
  assert.ok(said.some((message) => message.includes('Content Security Policy')));

  // Without the script all is there to be read.
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const silent = await plain.newPage();
  await silent.goto(pathToFileURL(page).href);
  const summary = silent.locator('.file > summary').first();
  await summary.click();
  assert.ok(await silent.locator('.file').first().locator('.findings').isVisible());
  assert.ok(!(await silent.locator('.controls').isVisible()));
} finally {
  await browser.close();
}
