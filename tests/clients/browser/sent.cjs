// What an application sends, and somebody who is told: for the tests that look at the pages.
"use strict";

const http = require("node:http");
const { randomBytes } = require("node:crypto");

const id = () => randomBytes(16).toString("hex");

// Sends an envelope with these items, each a kind and its payload.
async function send(dsn, items, eventId = id()) {
  const { origin, username, pathname } = new URL(dsn);
  const lines = [JSON.stringify({ event_id: eventId })];
  for (const [type, payload] of items) lines.push(JSON.stringify({ type }), JSON.stringify(payload));
  const url = `${origin}/api${pathname}/envelope/?sentry_key=${username}`;
  const answer = await fetch(url, { method: "POST", body: `${lines.join("\n")}\n` });
  if (!answer.ok) throw new Error(`the collector answers ${answer.status}: ${await answer.text()}`);
  return eventId;
}

// A crash of a native application.
function crash(place, release, more = {}) {
  const frame = (name, line, app = true) => ({ function: name, filename: `src/${name.split("::")[1]}.rs`, lineno: line, in_app: app });
  return {
    timestamp: Date.now() / 1000,
    platform: "native",
    level: "fatal",
    release,
    environment: "production",
    user: { id: "user-1", email: "mia@example.com" },
    contexts: { os: { name: "Linux", version: "6.1" }, device: { arch: "x86_64" } },
    tags: { brush: "flat" },
    breadcrumbs: { values: [{ timestamp: Date.now() / 1000 - 2, category: "ui", message: "pressed Save" }] },
    exception: {
      values: [
        {
          type: "SIGSEGV",
          value: "write to 0x0",
          mechanism: { type: "signalhandler", handled: false },
          stacktrace: { frames: [frame("std::rt::lang_start", 1, false), frame("paint::main", 10), frame(place, 42)] },
        },
      ],
    },
    ...more,
  };
}

function session(release, status, user) {
  const at = new Date(Date.now() - 60_000).toISOString();
  const end = new Date().toISOString();
  const attrs = { release, environment: "production" };
  return { sid: id(), did: user, init: true, started: at, timestamp: end, status, errors: status === "crashed" ? 1 : 0, attrs };
}

function transaction(name, trace, release) {
  const at = Date.now() / 1000 - 1;
  const root = id().slice(0, 16);
  const span = (number) => ({
    trace_id: trace, span_id: id().slice(0, 16), parent_span_id: root, op: "draw", description: `layer ${number}`,
    start_timestamp: at + number * 0.1, timestamp: at + number * 0.1 + 0.08,
  });
  return {
    event_id: id(), type: "transaction", platform: "native", transaction: name, release, environment: "production",
    start_timestamp: at, timestamp: at + 0.5, contexts: { trace: { trace_id: trace, span_id: root, op: "ui" } },
    spans: [0, 1, 2, 3].map(span),
  };
}

// Listens as Slack's incoming webhooks do; `next()` is the next message.
async function slack() {
  const messages = [];
  const waiting = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      response.end("ok");
      const message = JSON.parse(body);
      const next = waiting.shift();
      if (next) next(message);
      else messages.push(message);
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const next = () =>
    messages.length > 0
      ? Promise.resolve(messages.shift())
      : new Promise((resolve, reject) => {
          const late = setTimeout(() => reject(new Error("nothing was told within 20 s")), 20_000);
          waiting.push((message) => (clearTimeout(late), resolve(message)));
        });
  return { url: `http://127.0.0.1:${server.address().port}/services/T/B/x`, next, close: () => (server.close(), server.closeAllConnections()) };
}

module.exports = { id, send, crash, session, transaction, slack };
