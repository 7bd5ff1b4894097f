// The WebSocket library; nobody imports it by its own name, so that it finds its masking. It is imported
// when that is in place: a bundler may evaluate what is imported by statements in another order.
import type { WebSocket as LibraryWebSocket } from 'ws'
import './websocket-mask.ts'

const library = await import('ws')

export const { WebSocket, WebSocketServer, createWebSocketStream } = library
export type WebSocket = LibraryWebSocket
