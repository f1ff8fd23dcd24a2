// The network between a window and the server, which can be cut and mended.
import { connect, createServer } from 'node:net';

export class Tunnel {
  #sockets = new Set();
  #open = true;

  /** `url` is the server's; the tunnel has its own. */
  static dig(url) {
    const { hostname, port } = new URL(url);
    const tunnel = new Tunnel();
    tunnel.server = createServer((near) => {
      if (!tunnel.#open) return near.destroy();
      const far = connect(Number(port || 80), hostname);
      tunnel.#join(near, far);
      tunnel.#join(far, near);
    });
    return new Promise((dug, failed) => {
      tunnel.server.once('error', failed);
      tunnel.server.listen(0, '127.0.0.1', () => {
        tunnel.url = `http://127.0.0.1:${tunnel.server.address().port}`;
        dug(tunnel);
      });
    });
  }

  /** Everything on the way is lost, nothing new gets through. */
  cut() {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#open = true;
  }

  close() {
    this.cut();
    return new Promise((closed) => this.server.close(closed));
  }

  #join(from, to) {
    this.#sockets.add(from);
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
  }
}
