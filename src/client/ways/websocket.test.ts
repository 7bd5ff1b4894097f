import { waySuite } from './way.suite.ts'
import { createWebSocketWay } from './websocket.ts'

waySuite({
  name: 'a WebSocket',
  protocols: ['http/1.1'],
  version: 'websocket',
  create: createWebSocketWay,
})
