// A person goes the whole way, from a collector that nobody has used to being told: first start, a crash that arrives,
// triage, releases, a trace, an alert. Standard input: {"url"}, of a collector without project and account that may send to
// this machine.
"use strict";

const fs = require("node:fs");
const assert = require("node:assert/strict");
const { Person } = require("./browser.cjs");
const { id, send, crash, session, transaction, slack } = require("./sent.cjs");

const EMAIL = "anna@example.com";
const PASSWORD = "correct horse battery";

async function start(person) {
  await person.go("/");
  await person.sees("Begin");
  await person.look("begin");
  await person.press("button", "Set up an owner");
  await person.type("E-mail address", EMAIL);
  await person.type("Name", "Anna");
  await person.type("Password", PASSWORD);
  await person.type("Organization", "studio");
  await person.look("owner");
  await person.press("button", "Create the account");
  await person.type("Name of the application", "Paint");
  await person.press("button", "Make the project");
  await person.sees("Waiting for the first event");
  await person.look("waiting");
  return (await person.page.locator("#dsn").textContent()).trim();
}

async function first(person, dsn) {
  await send(dsn, [["event", crash("canvas::stroke", "paint@1.0.0")]]);
  await person.sees("It is here");
  await person.look("arrived");
  await person.press("link", "Look at it");
  await person.sees("canvas::stroke");
  await person.sees("pressed Save");
  await person.look("issue");
}

async function triage(person, dsn) {
  const { page } = person;
  await person.type("A note for the others", "The <b>brush</b> is gone here.\nMend it first.");
  await person.press("button", "Add the note");
  await person.sees("The <b>brush</b> is gone here.");
  await page.getByLabel("Assigned to").selectOption({ index: 1 });
  await person.press("button", "Assign");
  await page.getByText("Resolve in…").click();
  await person.press("button", "The newest release");
  await person.sees("Resolved in");
  await person.look("resolved");

  // It comes back with a newer release; others come beside it.
  await send(dsn, [["event", crash("canvas::stroke", "paint@1.1.0")]]);
  for (const place of ["layers::merge", "file::save", "menu::open"]) await send(dsn, [["event", crash(place, "paint@1.1.0")]]);
  const feedback = { contexts: { feedback: { message: "I only pressed Save.", contact_email: "mia@example.com", name: "Mia" } } };
  await send(dsn, [["feedback", feedback]]);
  await eventually(async () => {
    await person.go("/?tab=regressed");
    assert.equal(await page.getByText("canvas::stroke").count() > 0, true, "it came back");
    await person.go("/");
    assert.equal(await page.getByText("menu::open").count() > 0, true, "all are there");
  });
  await person.look("issues");

  await page.getByLabel(/Search/).first().fill("brush:flat level:fatal");
  await page.keyboard.press("Enter");
  await person.sees("layers::merge");
  for (const name of ["layers::merge", "file::save"]) {
    await page.locator("li.issue", { hasText: name }).getByRole("checkbox").check();
  }
  await page.locator(".bulk").getByRole("button", { name: "Resolve", exact: true }).click();
  await person.sees("Resolved 2 issues");

  // What is new is told without moving what is read.
  await person.go("/");
  await send(dsn, [["event", crash("colour::pick", "paint@1.1.0")]]);
  await person.sees("1 new issue", 40_000);
}

async function releases(person, dsn) {
  for (let number = 0; number < 20; number++) {
    const status = number < 4 ? "crashed" : "exited";
    await send(dsn, [["session", session("paint@1.0.0", status, `user-${number}`)]]);
    await send(dsn, [["session", session("paint@1.1.0", number < 1 ? "crashed" : "exited", `user-${number}`)]]);
  }
  await eventually(async () => {
    await person.go("/releases/");
    assert.match(await person.page.locator("main").innerText(), /95 %[\s\S]*80 %/);
  });
  await person.look("releases");
  await person.press("link", "1.1.0");
  await person.look("release");
  await person.go("/releases/");
  await person.press("link", "Compare two");
  await person.page.getByLabel("From").selectOption("paint@1.0.0");
  await person.page.getByLabel("to", { exact: true }).selectOption("paint@1.1.0");
  await person.press("button", "Compare");
  await person.sees("80 %");
  await person.sees("95 %");
  await person.look("compare");
}

async function trace(person, dsn) {
  const traced = id();
  await send(dsn, [["transaction", transaction("export", traced, "paint@1.1.0")]]);
  const about = { contexts: { trace: { trace_id: traced, span_id: id().slice(0, 16) } } };
  await send(dsn, [["event", crash("export::write", "paint@1.1.0", about)]]);
  await eventually(async () => {
    await person.go("/performance/");
    assert.equal(await person.page.getByRole("link", { name: "export" }).count(), 1);
  });
  await person.look("performance");
  await person.press("link", "export");
  await person.sees("How long they took");
  await person.look("transaction");
  await person.press("link", traced.slice(0, 8));
  await person.sees("layer 3");
  await person.sees("SIGSEGV");
  await person.look("trace");
}

async function alert(person, dsn) {
  const somebody = await slack();
  await person.go("/alerts/");
  await person.look("no-alerts");
  await person.press("link", "Make a rule");
  await person.type("Name", "New crashes");
  await person.page.getByLabel("An issue is seen for the first time").check();
  await person.page.getByLabel("Slack: address of an incoming webhook").first().fill(somebody.url);
  await person.press("button", "Show what it would have sent");
  await person.look("preview");
  await person.press("button", "Save");
  await person.press("button", "Send a test");
  const test = await somebody.next();
  assert.ok(Array.isArray(test.blocks) && test.text.length > 0, JSON.stringify(test));
  await send(dsn, [["event", crash("palette::load", "paint@1.1.0")]]);
  const told = JSON.stringify(await somebody.next());
  assert.match(told, /palette::load/);
  await eventually(async () => {
    await person.page.reload();
    assert.match(await person.page.locator(".history").innerText(), /A new issue in Paint: SIGSEGV[\s\S]*sent\nok/);
  });
  await person.look("alert");
  await person.go("/alerts/");
  await person.sees("New crashes");
  await person.look("alerts");
  somebody.close();
}

async function rest(person) {
  const pages = [
    ["feedback", "/feedback/"],
    ["settings", "/settings/"],
    ["organization", "/settings/studio/"],
    ["people", "/settings/studio/-/people/"],
    ["user-data", "/settings/studio/-/user-data/"],
    ["new-project", "/settings/studio/new/"],
    ["project", "/settings/studio/paint/"],
    ["keys", "/settings/studio/paint/keys/"],
    ["symbols", "/settings/studio/paint/symbols/"],
    ["missing", "/settings/studio/paint/symbols/missing/"],
    ["kept", "/settings/studio/paint/kept/"],
    ["account", "/settings/account/"],
    ["tokens", "/settings/account/tokens/"],
    ["mail", "/settings/mail/"],
    ["server", "/settings/server/"],
    ["events", "/issues/1/events/"],
    ["activity", "/issues/1/activity/"],
    ["delete", "/issues/1/delete/"],
  ];
  for (const [name, at] of pages) {
    await person.go(at);
    await person.look(name);
    await person.weigh(at);
  }
  for (const at of ["/", "/issues/1/", "/releases/", "/performance/", "/alerts/"]) await person.weigh(at);
  person.expect(404, "/issues/999/");
  await person.go("/issues/999/");
  await person.sees("Nothing here");
  await person.look("gone");
}

// The same without script: links and forms are enough.
async function plain(url) {
  const person = await Person.begin(url, { javaScriptEnabled: false });
  await person.go("/?query=canvas");
  await person.type("E-mail address", EMAIL);
  await person.type("Password", PASSWORD);
  await person.press("button", "Sign in");
  await person.press("link", "SIGSEGV");
  await person.press("button", "Resolve");
  await person.sees("Resolved");
  await person.go("/");
  await person.page.locator("li.issue").first().getByRole("checkbox").check();
  await person.page.locator(".bulk").getByRole("button", { name: "Resolve", exact: true }).click();
  await person.sees("Resolved 1 issue");
  await person.page.locator(".menu.person > summary").click();
  await person.press("button", "Sign out");
  await person.sees("Sign in");
  await person.end();
}

async function eventually(check) {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((done) => setTimeout(done, 200));
    }
  }
}

(async () => {
  const { url } = JSON.parse(fs.readFileSync(0, "utf8"));
  const person = await Person.begin(url);
  try {
    const dsn = await start(person);
    for (const part of [first, triage, releases, trace, alert, rest]) {
      console.log(part.name);
      await part(person, dsn);
    }
  } catch (error) {
    const words = await person.page.locator("body").innerText().catch(() => "");
    throw new Error(`${error.stack}\nat ${person.page.url()}:\n${words}\n${person.faults.join("\n")}`);
  }
  await person.end();
  console.log("plain");
  await plain(url);
})().then(
  () => process.exit(),
  (error) => {
    // Whatever is still open does not keep it from ending.
    fs.writeSync(2, `${error.message ?? error}\n`);
    process.exit(1);
  },
);
