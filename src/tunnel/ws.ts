// The WebSocket library; nobody imports it by its own name, so that it finds its masking.
import './websocket-mask.ts'

export { WebSocket, WebSocketServer } from 'ws'
