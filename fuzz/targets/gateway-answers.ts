import assert from 'node:assert/strict'

import { decodeRoutes } from '../../src/client/routes/routes-answer.ts'
import { PeerError } from '../../src/errors.ts'
import { decodeAccessRequest, decodeAccessRequests } from '../../src/tunnel/access-request.ts'
import { decodeApplicationTokenAnswer } from '../../src/tunnel/application-token.ts'
import { decodeCloseText, decodeCut, decodeGoAway, encodeCut } from '../../src/tunnel/cut.ts'
import { decodeDeviceCodeAnswer } from '../../src/tunnel/device.ts'
import { decodeOwnTunnels } from '../../src/tunnel/own-tunnels.ts'
import { decodeRefusal, encodeRefusal } from '../../src/tunnel/refusal.ts'
import { decodeTokenAnswer } from '../../src/tunnel/sign-in.ts'
import { decodeSshSignAnswer } from '../../src/tunnel/ssh-sign.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'
import { assertShowable } from '../showable.ts'

const id = 'a1b2c3d4e5f6'

export const target: Target = {
  reads: 'what a hostile gateway answers a client: refusals, cuts, routes, codes, tokens, requests',
  covers: [
    'tunnel/refusal.ts',
    'tunnel/cut.ts',
    'tunnel/device.ts',
    'tunnel/access-request.ts',
    'tunnel/application-token.ts',
    'tunnel/own-tunnels.ts',
    'tunnel/sign-in.ts',
    'tunnel/ssh-sign.ts',
    'client/routes/routes-answer.ts',
  ],
  tokens: [
    '{"error":"policy_denied","message":"m","next":"n","request_id":"r","reasons":["a"]}',
    '"\\u001b[2J"',
    '"\\u202e"',
    '"\\ud800"',
    'postern: ',
    'null',
    '__proto__',
    '1e999',
    '[]',
    '{}',
  ],
  run(input) {
    const text = input.toString('utf8')
    const refusal = decodeRefusal(text)
    if (refusal !== undefined) {
      assertShowable(refusal)
      assert.deepEqual(decodeRefusal(encodeRefusal(refusal)), refusal)
    }
    const cut = decodeCut(text, id)
    if (cut !== undefined) {
      assertShowable(cut)
      assert.deepEqual(decodeCut(encodeCut(cut), id), cut)
    }
    assertShowable(decodeCloseText(input))
    assertShowable(decodeGoAway(input))
    const { value: routes } = attempt(() => decodeRoutes(text), PeerError)
    if (routes !== undefined) assertShowable(routes, 4_096)
    const device = decodeDeviceCodeAnswer(text)
    const others = [
      decodeAccessRequest(text),
      decodeAccessRequests(text),
      decodeOwnTunnels(text),
      decodeApplicationTokenAnswer(text),
      decodeTokenAnswer(text),
      decodeSshSignAnswer(text),
    ]
    if (device !== undefined) {
      assertShowable(device, 4_096)
      assert.ok(device.intervalSeconds > 0 && device.expiresInSeconds > 0)
    }
    const [request, requests, own] = others
    assertShowable([request, requests, own], 4_096)
    return [refusal, cut, routes, device, ...others]
      .map((it) => (it === undefined ? '-' : '+'))
      .join('')
  },
}
