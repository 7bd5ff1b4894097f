import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError } from '../../errors.ts'
import { createVoice, type VoiceOptions } from './voice.ts'

function say(
  options: Partial<VoiceOptions>,
  use: (voice: ReturnType<typeof createVoice>) => void,
): string {
  let text = ''
  use(
    createVoice({
      format: 'human',
      level: 'info',
      component: { human: 'tcptunnel', json: 'tunnel' },
      write: (line) => (text += line),
      useColour: false,
      now: () => new Date(2026, 0, 2, 17, 57).getTime(),
      ...options,
    }),
  )
  return text
}

test('a line for people has the time, the level and who speaks', () => {
  const text = say({}, (voice) => voice.info('listening on 127.0.0.1:52046', { addr: 'x' }))
  assert.equal(text, '5:57PM INF tcptunnel: listening on 127.0.0.1:52046\n')
})

test('midnight and noon are 12', () => {
  const at = (hour: number): string =>
    say({ now: () => new Date(2026, 0, 2, hour, 5).getTime() }, (voice) => voice.info('x')).slice(
      0,
      7,
    )
  assert.deepEqual([at(0), at(11), at(12), at(23)], ['12:05AM', '11:05AM', '12:05PM', '11:05PM'])
})

test('hints and request ids have lines of their own', () => {
  const text = say({}, (voice) => voice.error('no', { hint: 'ask', 'request-id': 'r1' }))
  assert.equal(text, '5:57PM ERR tcptunnel: no\n  hint: ask\n  request id: r1\n')
})

test('a line for scripts is JSON with all fields', () => {
  const line = JSON.parse(say({ format: 'json' }, (voice) => voice.warn('m', { addr: 'a' })))
  const time = new Date(2026, 0, 2, 17, 57).toISOString()
  assert.deepEqual(line, { level: 'warn', component: 'tunnel', addr: 'a', time, message: 'm' })
})

test('lines below the level are not said', () => {
  assert.equal(
    say({ level: 'warn' }, (voice) => voice.info('x')),
    '',
  )
})

test('the end is told without a time, and without a stack', () => {
  const error = new AccessError('policy-denied', 'access is denied', { hint: 'ask' })
  assert.equal(
    say({}, (voice) => voice.fatal(error)),
    'postern: error: access is denied\n  hint: ask\n',
  )
  const unexpected = say({}, (voice) => voice.fatal(new TypeError('x is y')))
  assert.match(unexpected, /^postern: error: internal error: x is y\n {2}hint: [^\n]*\n$/)
})

test('colour is only used where it is wanted', () => {
  assert.ok(say({ useColour: true }, (voice) => voice.info('x')).includes('\u001B[32mINF'))
  assert.ok(!say({}, (voice) => voice.info('x')).includes('\u001B'))
})

test('what others wrote is one line each, and moves no cursor', () => {
  const hostile = 'x\u001B[2J\u009B1m\n5:57PM INF tcptunnel: fine'
  const fields = { hint: hostile, reasons: [hostile], 'request-id': hostile }
  const said = say({}, (voice) => voice.warn(hostile, fields))
  const fatal = say({}, (voice) => voice.fatal(new AccessError('no', hostile, { hint: hostile })))
  for (const text of [said, fatal]) {
    assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u)
    assert.ok(text.includes('x\\u001b[2J\\u009b1m\\n5:57PM'))
  }
  assert.equal(said.split('\n').length, 5)
  const line = say({ format: 'json' }, (voice) => voice.warn(hostile))
  assert.doesNotMatch(line.trimEnd(), /\p{Cc}/u)
  assert.equal(JSON.parse(line).message, hostile)
})
