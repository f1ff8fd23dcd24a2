// A STOMP.js client outside of the page: somebody else in the room.
import { Client } from '@stomp/stompjs';
import { WebSocket } from 'ws';

let receipts = 0;

export class Guest {
  received = [];

  static enter(url, user, room) {
    const guest = new Guest();
    guest.user = user;
    guest.room = room;
    return new Promise((entered, failed) => {
      guest.client = new Client({
        webSocketFactory: () =>
          new WebSocket(`${url.replace(/^http/u, 'ws')}/ws`, [
            'v12.stomp',
            'v11.stomp',
            'v10.stomp',
          ]),
        connectHeaders: { login: user, passcode: '' },
        reconnectDelay: 0,
        onStompError: (frame) => failed(new Error(`${frame.headers.message}: ${frame.body}`)),
        onWebSocketError: () => failed(new Error(`cannot connect to ${url}/ws`)),
        onConnect: () => {
          const receipt = guest.receipt(() => entered(guest));
          const heard = ({ headers, body }) => {
            if (headers.persistent !== 'false') guest.received.push(body); // else somebody is typing
          };
          guest.client.subscribe(`/topic/${room}`, heard, { receipt });
        },
      });
      guest.client.activate();
    });
  }

  /** Resolves when the server has it safe. */
  say(text) {
    return new Promise((safe) => {
      const receipt = this.receipt(safe);
      const headers = { receipt, 'content-type': 'text/plain' };
      this.client.publish({ destination: `/topic/${this.room}`, headers, body: text });
    });
  }

  leave() {
    return this.client.deactivate();
  }

  receipt(confirmed) {
    const id = `guest-${(receipts += 1)}`;
    this.client.watchForReceipt(id, confirmed);
    return id;
  }
}
