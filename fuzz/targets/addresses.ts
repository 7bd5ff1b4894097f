import assert from 'node:assert/strict'

import { parseHost, bracketed } from '../../src/address.ts'
import { SystemError } from '../../src/errors.ts'
import { parseIpRange } from '../../src/ip-ranges.ts'
import { parseListenAddress } from '../../src/net/listen-address.ts'
import { parseDestination, parseGatewayText } from '../../src/reach/destination.ts'
import { parseFrom } from '../../src/routes/from.ts'
import { parseTo } from '../../src/routes/to.ts'
import { parseRedirect } from '../../src/identity/redirect.ts'
import { parseOwnPage } from '../../src/pages/sign-in/own-page.ts'
import { formatTunnelPath, parseTunnelPath } from '../../src/tunnel/websocket.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

const origin = new URL('https://gate.example.com')

export const target: Target = {
  reads:
    'addresses in links, files, requests and on command lines: routes, gateways, redirects, ranges',
  covers: [
    'routes/from.ts',
    'routes/to.ts',
    'reach/destination.ts',
    'ip-ranges.ts',
    'net/listen-address.ts',
    'identity/redirect.ts',
    'pages/sign-in/own-page.ts',
    'routes/connector-to.ts',
  ],
  maxBytes: 6_000,
  tokens: [
    'tcp+https://',
    'https://',
    'http://localhost',
    'gate.example.com',
    '/console/',
    '/.postern/v1/tunnel/',
    '10.0.0.0/8',
    ':22',
    ',5',
    'connector://',
    '%2f',
    '\\',
    '..',
    '@',
    '[::1]',
    '\t',
    '//evil.example',
    'user:pass@',
  ],
  run(input) {
    const text = input.toString('utf8')
    const redirect = parseRedirect(text, ['example.com', 'localhost'])
    if (redirect !== undefined) {
      assert.equal(redirect.username + redirect.password, '')
      assert.match(redirect.hostname, /^(?:example\.com\.?|localhost\.?|127\.[\d.]+|\[::1\])$/)
    }
    const page = parseOwnPage(text, origin)
    if (page !== undefined) assert.equal(page.origin, origin.origin)
    const gateway = attempt(() => parseGatewayText(text), SystemError).value
    if (gateway !== undefined) {
      assert.equal(parseHost(bracketed(gateway.host)), gateway.host)
      assert.deepEqual(attempt(() => parseGatewayText(gateway.origin), SystemError).value, gateway)
    }
    const destination = attempt(() => parseDestination(text), SystemError).value
    if (destination !== undefined) {
      assert.deepEqual(
        parseDestination(
          `${destination.gateway.origin}/${encodeURIComponent(destination.authority)}`,
        ),
        destination,
      )
    }
    const tunnel = parseTunnelPath(text)
    if (tunnel !== undefined && tunnel !== '' && tunnel.isWellFormed())
      assert.equal(parseTunnelPath(formatTunnelPath(tunnel)), tunnel)
    const range = parseIpRange(text)
    const listen = parseListenAddress(text)
    if (listen !== undefined) assert.ok(listen.port >= 0 && listen.port <= 65_535)
    const [from, to] = [parseFrom(text), parseTo(text)]
    const hasPassword = /^[a-z][a-z+]*:\/\/[^\s/@:]*:pass@/i.test(text)
    if ('fault' in to && hasPassword)
      assert.doesNotMatch(to.fault + (to.hint ?? ''), /:pass@/, 'says a password')
    return [
      redirect,
      page,
      gateway,
      destination,
      tunnel,
      listen,
      'fault' in range ? undefined : range,
      'fault' in from ? undefined : from,
      'fault' in to ? undefined : to,
    ]
      .map((it) => (it === undefined ? '-' : '+'))
      .join('')
  },
}
