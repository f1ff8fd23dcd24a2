// Puts the page together: which room, which name, and where the server is (where the page is from).
import { connect } from 'stampede-client';
import { address_of, last_name, remember_name, room_of, tab_name } from './address';
import { busiest, HistoryApi } from './history';
import { authorization_of, type Identity } from './identity';
import { room_problem, user_problem } from './names';
import { RoomController, type PageEnvironment } from './room_controller';
import type { OpenClient } from './room_session';
import { JoinView, type JoinDefaults } from './view/join_view';

const kDefaultRoom = 'lobby';
const kSuggestions = 6;

const environment: PageEnvironment = {
  now: () => Date.now(),
  random: () => Math.random(),
  visible: () => document.visibilityState === 'visible',
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

function relative_url(path: string): URL {
  return new URL(path, document.baseURI);
}

function websocket_url(): string {
  const url = relative_url('ws');
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  url.hash = '';
  return url.href;
}

const api = new HistoryApi(relative_url('api/v1').pathname);
const openClient: OpenClient = (options) =>
  connect({ url: websocket_url(), backoffCap: 20_000, ...options });
const root = document.getElementById('app')!;
let current: RoomController | null = null;
let passcode = '';

function clear(): void {
  current?.stop();
  current = null;
  root.replaceChildren();
}

/** `said`: why the user stands here again, and whether a passcode could help. */
function show_door(said: Partial<JoinDefaults> = {}): void {
  clear();
  document.title = 'Stampede';
  const defaults = { user: last_name(), room: room_of(location) || kDefaultRoom, passcode };
  const door = new JoinView({ ...defaults, ...said }, (identity, room) => {
    remember_name(identity.user);
    passcode = identity.passcode;
    history.pushState(null, '', address_of(room));
    show_room(identity, room);
  });
  root.append(door.element);
  door.focus();
  api.rooms(50).then(
    (rooms) => door.suggest(busiest(rooms).slice(0, kSuggestions)),
    () => {}, // a suggestion less
  );
}

function show_room(identity: Identity, room: string): void {
  clear();
  api.authorization = authorization_of(identity);
  current = new RoomController(room, identity, openClient, api, environment, {
    leave: () => show_door(),
    refused: ({ login, reason }) =>
      show_door(login ? { asksPasscode: true, loginProblem: reason } : { roomProblem: reason }),
    go: (other) => {
      history.pushState(null, '', address_of(other));
      show_room(identity, other);
    },
  });
  root.append(current.view.element);
  current.start();
  current.view.focus();
}

function show(): void {
  const user = tab_name();
  const room = room_of(location);
  if (user_problem(user) === null && room_problem(room) === null) show_room({ user, passcode }, room);
  else show_door();
}

window.addEventListener('popstate', show);
show();
