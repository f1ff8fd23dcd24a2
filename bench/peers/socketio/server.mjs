// The chat server that one would write with Socket.IO and its Redis adapter: rooms, and an acknowledgement
// once a message is handed on. usage: node server.mjs PORT REDIS_URL
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const [port, redisUrl] = process.argv.slice(2);
const publisher = createClient({ url: redisUrl });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(publisher, subscriber),
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  pingInterval: 60_000,
});

io.on('connection', (socket) => {
  socket.on('join', async (room, done) => {
    await socket.join(room);
    done();
  });
  socket.on('send', (room, body, done) => {
    io.to(room).emit('message', body);
    done?.();
  });
});

// What Socket.IO's documentation advises to save memory: the first request is not needed any more.
io.engine.on('connection', (raw) => {
  raw.request = null;
});

http.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => console.log('ready'));
