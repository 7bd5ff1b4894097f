import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createFakeClock } from '../fake-clock.ts'
import { proofOf, type Applicant, type ProofParts } from '../tunnel/connector/proof.ts'
import type { FromGateway } from '../tunnel/connector/protocol.ts'
import { countedChance, join } from './connector.fixture.ts'
import {
  registered,
  wrongSecret,
  type AcceptedLink,
  type FakeGatewayOptions,
} from './fake-gateway.fixture.ts'

const nowhere = '  - service: tcp://127.0.0.1:1\n'

test('whoever does not prove to be the gateway is told nothing, and tried again', async (t) => {
  const other = Buffer.alloc(32, 1)
  const gatewayProof = (parts: ProofParts): FromGateway => ({
    type: 'proved',
    proof: proofOf('gateway', parts),
  })
  const impostors: Record<string, NonNullable<FakeGatewayOptions['answerProof']>> = {
    'registers it at once': () => registered(),
    'says what it was told': ({ proof }) => ({ type: 'proved', proof }),
    'has another secret': (applicant, { channel = Buffer.alloc(0) }) =>
      gatewayProof({ secret: other, channel, applicant }),
    'has the proof of another connection': (applicant, _end, { secret }) =>
      gatewayProof({ secret, channel: Buffer.alloc(32), applicant }),
  }
  for (const [what, answer] of Object.entries(impostors)) {
    const chance = countedChance(0.5)
    const clock = createFakeClock(Date.now())
    let asked = 0
    const { gateway, log, connector } = await join(t, nowhere, {
      clock,
      random: chance.random,
      answerProof(...proof) {
        asked += 1
        return answer(...proof)
      },
    })
    const unproved = log.line(
      /^cannot connect: whoever answers at its name does not prove the secret/,
    )
    assert.notEqual(await Promise.race([unproved, connector.registered]), undefined, what)
    assert.deepEqual([gateway.links.length, connector.ready], [0, 0], what)
    await chance.waits(1)
    clock.advance(500)
    await chance.waits(2)
    assert.equal(asked, 2, what)
    await connector.close(0)
  }
})

test('a refusal without a proof ends nothing while the gateway has the connector, and ends it afterwards', async (t) => {
  const chance = countedChance(0.5)
  const clock = createFakeClock(Date.now())
  let isRefusing = false
  const { gateway, connector, log } = await join(t, nowhere, {
    clock,
    random: chance.random,
    answerProof: () => (isRefusing ? wrongSecret : undefined),
  })
  await gateway.linked(4)
  for (const index of [0, 1, 2, 3]) await log.line(new RegExp(`connIndex=${index} `))
  isRefusing = true
  gateway.links[0]?.socket.destroy()
  // It was there for a moment only.
  await chance.waits(1)
  clock.advance(500)
  const tried = log.line(/^cannot connect: the secret is not right; trying again/)
  assert.equal(typeof (await Promise.race([tried, connector.failed])), 'string')
  await chance.waits(2)
  assert.equal(connector.ready, 3)
  for (const { socket } of gateway.links) socket.destroy()
  await chance.waits(5)
  // Back-offs, and then the time for another credential.
  const step = async (): Promise<Error> => {
    clock.advance(1_000)
    return (await Promise.race([connector.failed, nextTurn()])) ?? step()
  }
  const error = await step()
  assert.match(error.message, /^the secret is not right/)
})

test('before the gateway has proved itself no stream is opened, whatever its grant', async (t) => {
  const ends = Promise.withResolvers<Pick<AcceptedLink, 'end'> & { registration: Applicant }>()
  const { gateway } = await join(t, nowhere, {
    clock: createFakeClock(Date.now()),
    answerProof(registration, end) {
      ends.resolve({ end, registration })
      return 'silent'
    },
  })
  await assert.rejects(gateway.open(await ends.promise), {
    code: 'connector-bad-grant',
    message: /has not proved to be the gateway/,
  })
})
