// Looks at every page it is told: each is read by axe, light and dark, wide and narrow, weighed, and photographed where
// SHOTS says. Standard input: {"url", "email"?, "password"?, "pages": [[name, path, status?]…]}.
"use strict";

const fs = require("node:fs");
const { Person } = require("./browser.cjs");

(async () => {
  const { url, email, password, pages } = JSON.parse(fs.readFileSync(0, "utf8"));
  const person = await Person.begin(url);
  if (email) {
    await person.go("/sign-in/");
    await person.type("E-mail address", email);
    await person.type("Password", password);
    await person.press("button", "Sign in");
  }
  for (const [name, at, status] of pages) {
    if (status) person.expect(status, new URL(at, url).pathname);
    await person.go(at);
    await person.look(name);
    if (!status) console.log(`${name}: ${await person.weigh(at)} bytes`);
  }
  await person.end();
})().then(
  () => process.exit(),
  (error) => {
    // Whatever is still open does not keep it from ending.
    fs.writeSync(2, `${error.message ?? error}\n`);
    process.exit(1);
  },
);
