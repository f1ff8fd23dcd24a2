// Decides the guarantees from a record of everything that clients sent and got, and the rows that are stored
// in the end. Knows nothing of how the record came about. Events, in the order they happened at their client:
//   {t: 'send', client, body, n}                     n ascends for each client; a repeat has its body again
//   {t: 'receipt', client, body, seq}
//   {t: 'subscribe', sub, client, room, since?}      since: the position it goes on from
//   {t: 'live', sub, seq, recovered, oldest?}        the SUBSCRIBE's receipt
//   {t: 'message', sub, seq, prev, body, recovered?} recovered: false if it says that some are missing
//   {t: 'end', sub}                                  no more of it is looked at
// Rows: {room, seq, body}, ascending by seq in each room.

/** Violations, each {rule: 'G1'…'G7', text}, and what the record is worth: counts of what was in it. */
export function checkOrder(events, rows) {
  const record = read(events);
  const stored = byRoom(rows);
  const found = [
    ...durable(record, rows),
    ...record.subs.flatMap((sub) => ordered(sub)),
    ...record.subs.flatMap((sub) => complete(sub, stored.get(sub.room) ?? [])),
    ...senderOrder(record, stored),
    ...idempotent(record, rows),
  ];
  const told = record.subs.reduce((sum, sub) => sum + sub.told, 0);
  return { violations: found, counts: { ...record.counts, told, subscriptions: record.subs.length, stored: rows.length } };
}

function read(events) {
  const subs = new Map();
  const sent = new Map(); // body -> {client, n, times}
  const receipts = [];
  const counts = { sent: 0, repeated: 0, receipts: 0, delivered: 0 };
  const on = {
    send: ({ client, body, n }) => {
      const known = sent.get(body);
      if (known) known.times += 1;
      else sent.set(body, { client, n, times: 1 });
      counts[known ? 'repeated' : 'sent'] += 1;
    },
    receipt: (event) => {
      receipts.push(event);
      counts.receipts += 1;
    },
    subscribe: ({ sub, client, room, since }) =>
      subs.set(sub, { sub, client, room, since, live: null, messages: [], ended: false, told: 0 }),
    live: (event) => Object.assign(subs.get(event.sub), { live: event, told: event.recovered ? 0 : 1 }),
    message: (event) => {
      const sub = subs.get(event.sub);
      sub.messages.push(event);
      if (event.recovered === false) sub.told += 1;
      counts.delivered += 1;
    },
    end: ({ sub }) => Object.assign(subs.get(sub), { ended: true }),
  };
  for (const event of events) on[event.t](event);
  return { subs: [...subs.values()], sent, receipts, counts };
}

function byRoom(rows) {
  const rooms = new Map();
  for (const row of rows) {
    if (!rooms.has(row.room)) rooms.set(row.room, []);
    rooms.get(row.room).push(row);
  }
  return rooms;
}

const violation = (rule, text) => ({ rule, text });

/** G1: what has a receipt is stored, where the receipt said. And nothing is stored that nobody sent. */
function durable({ sent, receipts }, rows) {
  const out = [];
  const placeOf = new Map(rows.map((row) => [row.body, row.seq]));
  for (const { body, seq } of receipts) {
    if (!placeOf.has(body)) out.push(violation('G1', `${body} has a receipt and is not stored`));
    else if (placeOf.get(body) !== seq) {
      out.push(violation('G1', `${body} is stored at ${placeOf.get(body)}, its receipt said ${seq}`));
    }
  }
  for (const { body } of rows) {
    if (!sent.has(body)) out.push(violation('G1', `${body} is stored and nobody sent it`));
  }
  return out;
}

/** G2: positions of one subscription ascend. */
function ordered({ sub, messages }) {
  const out = [];
  let last = 0;
  for (const { seq } of messages) {
    if (seq === last) out.push(violation('G2', `${sub}: ${seq} twice`));
    if (seq < last) out.push(violation('G2', `${sub}: ${seq} after ${last}`));
    last = Math.max(last, seq);
  }
  return out;
}

/** G3: what came is what is stored, from its beginning to its end; a gap only where the client was told. */
function complete(sub, rows) {
  if (!sub.live) return [];
  const name = `${sub.sub} of ${sub.room}`;
  const out = [];
  const index = new Map(rows.map((row, i) => [row.seq, i]));
  const after = (seq) => rows.findIndex((row) => row.seq > seq);
  let next = after(sub.since ?? sub.live.seq);
  if (!sub.live.recovered) next = sub.live.oldest ? index.get(sub.live.oldest) ?? 0 : after(sub.live.seq);
  if (next < 0) next = rows.length;
  const first = next;
  // In the order of positions: whether they came in that order is another question.
  for (const message of [...sub.messages].sort((a, b) => a.seq - b.seq)) {
    const at = index.get(message.seq);
    if (at === undefined || rows[at].body !== message.body) {
      out.push(violation('G3', `${name}: ${message.body} came as ${message.seq} and is not stored there`));
      continue;
    }
    if (at < first) out.push(violation('G3', `${name}: ${message.seq} came and is from before its beginning`));
    if (message.recovered === false) next = at;
    for (; next < at; next += 1) {
      out.push(violation('G3', `${name}: ${rows[next].seq} is missing before ${message.seq}`));
    }
    next = Math.max(next, at + 1);
  }
  for (; !sub.ended && next < rows.length; next += 1) {
    out.push(violation('G3', `${name}: ${rows[next].seq} never came`));
  }
  return out;
}

/** G4: messages of one client keep their order in the room. */
function senderOrder({ sent }, stored) {
  const out = [];
  for (const [room, rows] of stored) {
    const last = new Map();
    for (const { body, seq } of rows) {
      const from = sent.get(body);
      if (!from) continue;
      const before = last.get(from.client);
      if (before > from.n) out.push(violation('G4', `${room}: ${from.client}'s ${from.n} stands at ${seq}, after its ${before}`));
      last.set(from.client, Math.max(before ?? 0, from.n));
    }
  }
  return out;
}

/** G7: a message that was sent again is stored once and comes once. */
function idempotent({ subs, sent }, rows) {
  const out = [];
  const once = (bodies, where) => {
    const seen = new Set();
    for (const body of bodies) {
      if (seen.has(body)) out.push(violation('G7', `${body}, sent ${sent.get(body)?.times ?? 0} times, is ${where} twice`));
      seen.add(body);
    }
  };
  once(rows.map((row) => row.body), 'stored');
  for (const { sub, messages } of subs) {
    const places = new Map(messages.map((message) => [message.seq, message.body])); // the same place twice is G2
    once(places.values(), `in ${sub}`);
  }
  return out;
}
