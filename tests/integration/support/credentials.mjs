// What gateways and workers know their clients by: a users file, a secret that signs tokens, the administrator's key.
import { execFileSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayBinary } from './program.mjs';

const base64url = (value) => Buffer.from(value).toString('base64url');

/** The hash of a users file, as an operator makes it. */
export function hashOf(passcode) {
  return execFileSync(gatewayBinary, ['hash-password'], { input: `${passcode}\n`, encoding: 'utf8' }).trim();
}

/** Files in a folder of their own, gone after `t`; `flags` name them all. */
export function credentials(t) {
  const dir = mkdtempSync(join(tmpdir(), 'stampede-credentials-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const secret = randomBytes(32).toString('hex');
  const admin = randomBytes(32).toString('hex');
  const path = (name) => join(dir, name);
  writeFileSync(path('secret'), secret);
  writeFileSync(path('admin'), admin);
  const made = {
    dir,
    flags: [
      ...['--users-file', path('users'), '--jwt-keys', path('secret'), '--jwt-algorithm', 'HS256'],
      ...['--admin-key-file', path('admin'), '--login-delay', '100ms'],
    ],
    adminKey: admin,
    /** Replaces the users file; lines are `name:hash:rights`. */
    writeUsers(lines) {
      writeFileSync(path('users.next'), lines.map((line) => `${line}\n`).join(''));
      renameSync(path('users.next'), path('users'));
    },
    /** A token that is good for `seconds`; `claims` replace its own. */
    token(user, seconds = 600, claims = {}) {
      const now = Math.floor(Date.now() / 1000);
      const body = { sub: user, iat: now, exp: now + seconds, jti: randomBytes(8).toString('hex'), ...claims };
      const signed = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(JSON.stringify(body))}`;
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    },
  };
  made.writeUsers([]);
  return made;
}

export const jtiOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).jti;
