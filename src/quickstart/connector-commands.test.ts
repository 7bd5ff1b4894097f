import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectorRecipes, type ConnectorContext } from './connector-commands.ts'

const context: ConnectorContext = {
  program: ['/tmp/postern-x/postern'],
  gatewayUrl: 'https://localhost:8443',
  caFile: '/tmp/postern-x/ca.pem',
  localPort: 9210,
  ownLocalPort: 9211,
  servicePort: 7,
  credentialFile: undefined,
}
const postern = '/tmp/postern-x/postern'
const gateway = '--gateway https://localhost:8443 --ca-file /tmp/postern-x/ca.pem'

function linesOf(change: Partial<ConnectorContext> = {}): string[] {
  return connectorRecipes({ ...context, ...change }).flatMap(({ lines }) => lines)
}

test('a service behind a connector is reached by its host name, and another is published in two lines', () => {
  assert.deepEqual(linesOf(), [
    `${postern} access tcp --hostname tcp.example.localhost --url localhost:9210 ${gateway}`,
    'nc 127.0.0.1 9210',
    `${postern} tunnel login ${gateway}`,
    `${postern} tunnel --hostname mine.example.localhost --url tcp://127.0.0.1:7`,
    `${postern} access tcp --hostname mine.example.localhost --url localhost:9211 ${gateway}`,
    'nc 127.0.0.1 9211',
  ])
})

test('a program that does not know where its credential goes is told, so that one at home is left alone', () => {
  const [, , login, join] = linesOf({ credentialFile: '/tmp/postern-x/cert.pem' })
  for (const line of [login, join])
    assert.match(line ?? '', / --origincert \/tmp\/postern-x\/cert\.pem$/)
})
