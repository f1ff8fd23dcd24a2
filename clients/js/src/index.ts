// Rooms that survive reconnects. `connect` is where to begin; see README.md.
export { connect, Stampede, type ConnectOptions } from './stampede.js';
export type { ConnectionState, StompOptions } from './connection.js';
export type { Credentials, CredentialsReason, CredentialsSource } from './credentials.js';
export type { Confirmation, Delivery, DeliveryState } from './delivery.js';
export type { DirectReceipt, Inbox } from './direct.js';
export { defaultEnvironment, type Environment } from './environment.js';
export { StampedeError, type FailureCode, type ServerError } from './errors.js';
export type { Message } from './message.js';
export type { Member, Presence, PresenceEvent } from './presence.js';
export type { Gap, JoinOptions, Replay, Room, RoomState, SendOptions } from './room.js';
