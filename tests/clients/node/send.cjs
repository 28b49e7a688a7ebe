// Sends what @sentry/node can send, and keeps a copy of each envelope in the folder SENT. The first argument says what.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const Sentry = require('@sentry/node');
const { serializeEnvelope } = require('@sentry/core');

let number = 0;

// The transport that is the default, with a copy.
function copying(options) {
  const transport = Sentry.makeNodeTransport(options);
  return {
    send(envelope) {
      const name = String(number++).padStart(4, '0');
      fs.writeFileSync(path.join(process.env.SENT, name), serializeEnvelope(envelope));
      return transport.send(envelope);
    },
    flush: (timeout) => transport.flush(timeout),
  };
}

function start(options) {
  Sentry.init({
    release: 'node-client@3.0.0',
    environment: 'test',
    serverName: 'böx',
    transport: copying,
    tracesSampleRate: 1.0,
    ...options,
  });
  Sentry.setTag('brush', 'flat');
  Sentry.setUser({ id: 'u-7', email: 'mia@example.com', username: 'mia', ip_address: '192.0.2.7', plan: { seats: 3 } });
  Sentry.setContext('canvas', { width: 640, name: 'Grün', layers: [1, 2, { deep: null }] });
  Sentry.setExtra('strokes', [17, '\u0000', '\u{1f58c}']);
  Sentry.addBreadcrumb({ category: 'ui', message: 'pressed the button', level: 'info', data: { x: 3 } });
}

function paint(colour) {
  const brush = { width: 3, hair: '雨' };
  try {
    return undefined.colours[colour];
  } catch (cause) {
    throw new RangeError(`no colour ${colour} for ${brush.hair}`, { cause });
  }
}

function fail() {
  try {
    paint('grün');
  } catch (error) {
    return Sentry.captureException(error);
  }
}

const acts = {
  message() {
    start();
    Sentry.captureMessage('it rains: 雨 \u{1f327} \u0000 \ud800', 'warning');
  },
  exception() {
    start();
    const scope = Sentry.getCurrentScope();
    scope.addAttachment({ filename: 'notes ü.bin', data: new Uint8Array([108, 10, 255, 0, 123, 125, 10, 122]) });
    fail();
  },
  unhandled() {
    start();
    setImmediate(() => paint('rot'));
  },
  big() {
    start({ maxValueLength: 600000, normalizeDepth: 4, normalizeMaxBreadth: 4000 });
    const many = {};
    for (let key = 0; key < 1500; key++) many[`key ${key}`] = 'ü'.repeat(40);
    Sentry.setContext('many', many);
    Sentry.getCurrentScope().addAttachment({ filename: 'big.bin', data: new Uint8Array(5 << 20).fill(7) });
    Sentry.captureMessage(`big ${'m'.repeat(300000)}`);
  },
  transaction() {
    start();
    Sentry.startSpan({ op: 'ui.action', name: 'draw' }, () => {
      Sentry.startSpan({ op: 'db.query', name: 'SELECT colour', attributes: { rows: 3 } }, (span) => {
        span.setStatus({ code: 2, message: 'not_found' });
      });
      fail();
    });
  },
  // The session of the whole process, with an error in it.
  session() {
    start();
    fail();
  },
  // A server with three requests, one of which fails: aggregates.
  requests() {
    start();
    const http = require('node:http');
    const server = http.createServer((request, response) => {
      if (request.url === '/fail') fail();
      response.end('seen');
    });
    server.listen(0, '127.0.0.1', async () => {
      const url = `http://127.0.0.1:${server.address().port}`;
      for (const where of ['/well', '/well', '/fail']) await (await fetch(url + where)).text();
      await Sentry.flush(20000);
      server.close();
    });
  },
  feedback() {
    start();
    const associatedEventId = fail();
    Sentry.captureFeedback({ message: 'the brush 雨 broke', name: 'Mia', email: 'mia@example.com', associatedEventId });
  },
};

acts[process.argv[2]]();
if (!['unhandled', 'session', 'requests'].includes(process.argv[2])) Sentry.flush(20000);
