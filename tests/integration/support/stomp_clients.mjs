// STOMP clients of several makers and ages behind one interface, so that one test speaks through each.
//
// A conversation: {version, subscribe(room, headers) -> {messages}, send(room, body, headers), begin() ->
// {send(room, body), commit(), abort()}, ack(message), nack(message), disconnect()}. What gives a promise asks
// for a receipt and resolves with it. A message: {headers, body}, read as that client reads it.
import { Client, Versions } from '@stomp/stompjs';
import { TCPWrapper } from '@stomp/tcp-wrapper';
import OldStomp from 'stompjs';
import stompit from 'stompit';
import webstomp from 'webstomp-client';
import { WebSocket } from 'ws';
import { webSocketUrl } from './chat_client.mjs';
import { RawStomp, overTcp, overWebSocket } from './raw_stomp.mjs';

const topic = (room) => `/topic/${room}`;

/** Receipts by the id that asks for them. */
class Receipts {
  constructor() {
    this.pending = new Map();
    this.asked = 0;
  }

  /** {id, promise}. */
  ask() {
    const id = `r-${(this.asked += 1)}`;
    const promise = new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
    promise.catch(() => {}); // told to whoever awaits it
    return { id, promise };
  }

  came(id) {
    this.pending.get(id)?.resolve();
    this.pending.delete(id);
  }

  fail(reason) {
    for (const { reject } of this.pending.values()) reject(new Error(reason));
    this.pending.clear();
  }
}

/** @stomp/stompjs 7 over whatever `socket()` makes. */
function stompjs7(socket, version) {
  const receipts = new Receipts();
  return new Promise((resolve, reject) => {
    const client = new Client({
      webSocketFactory: socket,
      stompVersions: new Versions([version]),
      connectHeaders: { login: 'ann' },
      reconnectDelay: 0,
      onConnect: (frame) => resolve(conversation(frame.headers.version)),
      onStompError: (frame) => receipts.fail(`ERROR ${frame.headers.message}: ${frame.body}`),
      onWebSocketClose: (event) => {
        receipts.fail(`closed: ${event.code}`);
        reject(new Error(`closed: ${event.code}`));
      },
      onUnhandledReceipt: (frame) => receipts.came(frame.headers['receipt-id']),
    });
    const publish = (room, body, headers) =>
      typeof body === 'string'
        ? client.publish({ destination: topic(room), body, headers })
        : client.publish({ destination: topic(room), binaryBody: body, headers });
    const conversation = (agreed) => ({
      version: agreed,
      async subscribe(room, headers = {}) {
        const record = { messages: [] };
        const { id, promise } = receipts.ask();
        client.subscribe(topic(room), (message) => record.messages.push(message), { ...headers, receipt: id });
        await promise;
        return record;
      },
      send(room, body, headers = {}) {
        const { id, promise } = receipts.ask();
        publish(room, body, { ...headers, receipt: id });
        return promise;
      },
      begin() {
        const transaction = client.begin();
        return {
          send: (room, body) => publish(room, body, { transaction: transaction.id }),
          commit: () => transaction.commit(),
          abort: () => transaction.abort(),
        };
      },
      ack: (message) => message.ack(),
      nack: (message) => message.nack(),
      disconnect: () => client.deactivate(),
    });
    client.activate();
  });
}

/** stompjs 2.3.3 and its descendant webstomp-client, which differ in the order of arguments. */
function stompjs2(client, { subscribe, send }, version) {
  const receipts = new Receipts();
  client.debug = () => {};
  return new Promise((resolve, reject) => {
    client.onreceipt = (frame) => receipts.came(frame.headers['receipt-id']);
    const lost = (why) => {
      receipts.fail(why.body ?? String(why));
      reject(new Error(why.body ?? String(why)));
    };
    const begun = (frame) =>
      resolve({
        version: frame.headers.version,
        async subscribe(room, headers = {}) {
          const record = { messages: [] };
          const { id, promise } = receipts.ask();
          subscribe(topic(room), (message) => record.messages.push(message), { ...headers, receipt: id });
          await promise;
          return record;
        },
        send(room, body, headers = {}) {
          const { id, promise } = receipts.ask();
          send(topic(room), body, { ...headers, receipt: id });
          return promise;
        },
        begin() {
          const transaction = client.begin();
          return {
            send: (room, body) => send(topic(room), body, { transaction: transaction.id }),
            commit: () => transaction.commit(),
            abort: () => transaction.abort(),
          };
        },
        ack: (message) => message.ack(),
        nack: (message) => message.nack(),
        // It closes at once, and the receipt comes before the server's answer to that.
        disconnect() {
          const { id, promise } = receipts.ask();
          client.disconnect(() => {}, { receipt: id });
          return promise;
        },
      });
    client.connect({ login: 'ann', ...version }, begun, lost);
  });
}

function overOldStompjs(url, version) {
  // It offers whatever this says, and writes no escapes in any version.
  OldStomp.VERSIONS.supportedVersions = () => version;
  const client = OldStomp.over(new WebSocket(url, ['v11.stomp', 'v10.stomp']));
  return stompjs2(client, {
    subscribe: (destination, heard, headers) => client.subscribe(destination, heard, headers),
    send: (destination, body, headers) => client.send(destination, headers, body),
  });
}

function overWebstomp(url, version) {
  const protocols = [`v${version.replace('.', '')}.stomp`];
  const client = webstomp.over(new WebSocket(url, protocols), { protocols });
  return stompjs2(client, {
    subscribe: (destination, heard, headers) => client.subscribe(destination, heard, headers),
    send: (destination, body, headers) => client.send(destination, body, headers),
  });
}

/** stompit knows TCP only. */
function overStompit({ host, port }, version) {
  const connectHeaders = { host, login: 'ann', 'accept-version': version, 'heart-beat': '10000,10000' };
  return new Promise((resolve, reject) => {
    stompit.connect({ host, port, connectHeaders, timeout: 60_000 }, (error, client) => {
      if (error) return reject(error);
      const subscribe = (room, headers, heard) =>
        client.subscribe({ ...headers, destination: topic(room) }, (failed, message) => {
          if (failed) return;
          message.readString('utf-8', (unread, body) => !unread && heard({ message, headers: message.headers, body }));
        });
      const send = (room, body, headers, options) => {
        const frame = client.send({ ...headers, 'content-length': Buffer.byteLength(body), destination: topic(room) }, options);
        frame.end(body);
      };
      resolve({
        version: client.getVersion?.() ?? version,
        // Its SUBSCRIBE asks for no receipt; an answered frame behind it says the same.
        async subscribe(room, headers = {}) {
          const record = { messages: [] };
          subscribe(room, headers, (message) => record.messages.push(message));
          const transaction = client.begin();
          await new Promise((came) => transaction.abort({ onReceipt: came }));
          return record;
        },
        send: (room, body, headers = {}) => new Promise((came) => send(room, body, headers, { onReceipt: came })),
        begin() {
          const transaction = client.begin();
          return {
            send: (room, body) =>
              transaction.send({ destination: topic(room), 'content-length': Buffer.byteLength(body) }).end(body),
            commit: () => transaction.commit(),
            abort: () => transaction.abort(),
          };
        },
        ack: ({ message }) => client.ack(message),
        nack: ({ message }) => client.nack(message),
        disconnect: () => new Promise((ended, failed) => client.disconnect((why) => (why ? failed(why) : ended()))),
      });
      return undefined;
    });
  });
}

async function byHand(opening, version) {
  const client = await (await opening).connect();
  const receipts = new Receipts();
  const subscriptions = new Map();
  (async () => {
    for (;;) {
      const { command, headers, body } = await client.next();
      if (command === 'RECEIPT') receipts.came(headers['receipt-id']);
      if (command === 'MESSAGE') subscriptions.get(headers.subscription).push({ headers, body });
      if (command === 'ERROR') receipts.fail(`ERROR ${headers.message}: ${body}`);
    }
  })().catch((error) => receipts.fail(error.message));
  let made = 0;
  const ask = (command, headers, body) => {
    const { id, promise } = receipts.ask();
    client.write(command, { ...headers, receipt: id }, body);
    return promise;
  };
  const answer = (command, { headers }) =>
    client.write(command, version === '1.2'
      ? { id: headers.ack }
      : { subscription: headers.subscription, 'message-id': headers['message-id'] });
  return {
    version,
    async subscribe(room, headers = {}) {
      const id = `${(made += 1)}`;
      const record = { messages: [] };
      subscriptions.set(id, record.messages);
      await ask('SUBSCRIBE', { ...headers, id, destination: topic(room) });
      return record;
    },
    send: (room, body, headers = {}) => ask('SEND', { ...headers, destination: topic(room) }, body),
    begin() {
      const transaction = `t${(made += 1)}`;
      client.write('BEGIN', { transaction });
      return {
        send: (room, body) => client.write('SEND', { transaction, destination: topic(room) }, body),
        commit: () => client.write('COMMIT', { transaction }),
        abort: () => client.write('ABORT', { transaction }),
      };
    },
    ack: (message) => answer('ACK', message),
    nack: (message) => answer('NACK', message),
    disconnect: async () => {
      await ask('DISCONNECT', {});
      client.end();
    },
  };
}

const ws = ({ url }) => webSocketUrl(url);
const webSocketOf = (gateway) => () => new WebSocket(ws(gateway), ['v12.stomp', 'v11.stomp', 'v10.stomp']);

// What a maker's client can say: `escapes` (of its version), `nul` (in bodies), `bytes` (bodies that are no text).
const everything = { escapes: true, nul: true, bytes: true };
// stompjs 7 writes and reads no escapes in 1.1.
const stompjs7Can = (version) => ({ ...everything, escapes: version === '1.2' });

/** {name, version, can, open(gateway)}; a gateway is {url, tcp: {host, port}}. */
export const stompClients = ['1.0', '1.1', '1.2'].flatMap((version) => {
  const of = (name, can, open) => ({ name: `${name}, STOMP ${version}`, version, can, open });
  const all = [
    of('@stomp/stompjs 7 over WebSocket', stompjs7Can(version), (gateway) => stompjs7(webSocketOf(gateway), version)),
    of('@stomp/stompjs 7 over TCP', stompjs7Can(version), ({ tcp }) =>
      stompjs7(() => new TCPWrapper(tcp.host, tcp.port), version)),
    of('stompit over TCP', { escapes: true, nul: true }, ({ tcp }) => overStompit(tcp, version)),
    of('webstomp-client over WebSocket', {}, (gateway) => overWebstomp(ws(gateway), version)),
    of('by hand over WebSocket', everything, (gateway) => byHand(overWebSocket(ws(gateway), version), version)),
    of('by hand over TCP', everything, ({ tcp }) => byHand(overTcp(tcp, version), version)),
  ];
  if (version === '1.2') return all;
  return [...all, of('stompjs 2.3.3 over WebSocket', {}, (gateway) => overOldStompjs(ws(gateway), version))];
});
