// A browser with a person in front of it, for the tests of the pages: Debian's Chromium, by Playwright. Whatever a page does
// that it should not (a word on the console, a violation of its policy, a request to somebody else, a shift of what is
// read, a fault that axe calls serious) is collected and ends the test.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

// The most that a page may send, with its style sheet and its script.
const MAX_PAGE_BYTES = 150 * 1024;

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 740 };

function executable() {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => fs.existsSync(file));
  if (!found) throw new Error(`no browser: none of ${NAMES.join(", ")} is in the path`);
  return found;
}

class Person {
  constructor(browser, base, options) {
    this.browser = browser;
    this.base = base;
    this.options = options;
    this.faults = [];
    // Answers that a test has said it expects: status by path.
    this.expected = new Map();
    this.shots = process.env.SHOTS;
  }

  // Starts a browser. `javaScriptEnabled: false` for somebody without script.
  static async begin(base, options = {}) {
    const browser = await chromium.launch({ executablePath: executable(), args: ["--no-sandbox", "--disable-dev-shm-usage"] });
    const person = new Person(browser, base, options);
    person.context = await browser.newContext({ viewport: WIDE, baseURL: base, ...options });
    person.page = await person.context.newPage();
    person.page.setDefaultTimeout(20_000);
    await person.watch(person.page);
    return person;
  }

  async watch(page) {
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !this.isExpected(message)) this.fault(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.fault(`script: ${error}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.origin !== new URL(this.base).origin) this.fault(`a request to ${url.origin}`);
    });
    page.on("response", (response) => {
      const at = new URL(response.url()).pathname;
      if (response.status() >= 400 && this.expected.get(at) !== response.status()) this.fault(`${response.status()} from ${at}`);
    });
    if (this.options.javaScriptEnabled === false) return;
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
      window.shifted = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    });
  }

  // Chromium says on the console that an answer was 4xx.
  isExpected(message) {
    const at = message.location().url;
    return /Failed to load resource/.test(message.text()) && this.expected.has(at && new URL(at).pathname);
  }

  // The next answers of a path are to be this status.
  expect(status, at) {
    this.expected.set(at, status);
  }

  fault(text) {
    this.faults.push(`${this.page ? this.page.url().replace(this.base, "") : "-"}: ${text}`);
  }

  async go(at) {
    await this.page.goto(at, { waitUntil: "load" });
  }

  // Presses what has this role and name, and waits for where it leads.
  async press(role, name) {
    await this.page.getByRole(role, { name }).first().click();
    await this.page.waitForLoadState("load");
  }

  async type(label, text) {
    await this.page.getByLabel(label, { exact: false }).first().fill(text);
  }

  // Waits until a text is seen.
  async sees(text, timeout = 20_000) {
    await this.page.getByText(text).first().waitFor({ state: "visible", timeout });
  }

  // Looks at the page as it is: light and dark, wide and narrow; keeps pictures where SHOTS says.
  async look(name) {
    const { page } = this;
    for (const viewport of [WIDE, NARROW]) {
      await page.setViewportSize(viewport);
      const width = viewport === WIDE ? "wide" : "narrow";
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        if (this.shots) {
          await page.screenshot({ path: path.join(this.shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        }
        if (this.options.javaScriptEnabled !== false) await this.axe(`${name}, ${width}, ${colorScheme}`);
      }
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) this.fault(`${name}, ${width}: ${over} pixels wider than the window`);
    }
    await page.setViewportSize(WIDE);
    await page.emulateMedia({ colorScheme: "light" });
  }

  async axe(name) {
    await this.page.evaluate(AXE);
    const violations = await this.page.evaluate(async () => {
      const result = await window.axe.run(document, { resultTypes: ["violations"] });
      return result.violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.slice(0, 3).map((node) => node.html.slice(0, 160)) }));
    });
    for (const { id, impact, where } of violations) {
      if (["serious", "critical"].includes(impact)) this.fault(`axe, ${name}: ${id} (${impact}) at ${where.join(" | ")}`);
    }
  }

  // Opens a page anew, with an empty cache, and weighs it; what is read must not move.
  async weigh(at) {
    const page = await this.context.newPage();
    await this.watch(page);
    const bodies = [];
    page.on("response", (response) => bodies.push(response.body().then((body) => body.length, () => 0)));
    const session = await this.context.newCDPSession(page);
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    await page.goto(at, { waitUntil: "load" });
    await page.waitForTimeout(300);
    const bytes = (await Promise.all(bodies)).reduce((sum, size) => sum + size, 0);
    const shifted = await page.evaluate(() => window.shifted ?? 0);
    await page.close();
    if (bytes > MAX_PAGE_BYTES) this.fault(`${at}: ${bytes} bytes sent`);
    if (shifted > 0.001) this.fault(`${at}: the layout shifts by ${shifted}`);
    return bytes;
  }

  // Ends it; what was collected ends the test.
  async end() {
    await this.browser.close();
    if (this.faults.length > 0) throw new Error(`faults:\n${[...new Set(this.faults)].join("\n")}`);
  }
}

module.exports = { Person, WIDE, NARROW };
