import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { askAnswers, type InitFlags } from './ask-answers.ts'
import { createQuestions } from './questions.ts'

const whole: InitFlags = {
  host: 'access.acme-corp.com',
  email: 'Ann@Acme-Corp.com',
  provider: 'google',
  clientId: 'abc',
  clientSecretFile: 'secret.txt',
}

test('what the command line does not say is what is usual', async () => {
  const answers = await askAnswers(whole, undefined)
  assert.deepEqual(answers, {
    host: 'access.acme-corp.com',
    listen: ':443',
    certificates: { kind: 'acme', authority: undefined },
    signIn: {
      provider: 'google',
      url: undefined,
      clientId: 'abc',
      secret: { file: 'secret.txt' },
    },
    email: 'ann@acme-corp.com',
    allow: 'acme-corp.com',
    service: undefined,
  })
  const alone = await askAnswers({ host: 'a.acme-corp.com', email: 'ann@acme-corp.com' }, undefined)
  assert.deepEqual(alone.signIn, { provider: 'passkeys' })
  const own = await askAnswers({ ...whole, autocertCa: 'https://ca.corp/dir' }, undefined)
  const authority = { url: 'https://ca.corp/dir', caFile: undefined }
  assert.deepEqual(own.certificates, { kind: 'acme', authority })
  const local = await askAnswers({ ...whole, host: 'localhost' }, undefined)
  assert.deepEqual([local.listen, local.certificates.kind], ['127.0.0.1:8443', 'local'])
  const shared = await askAnswers({ ...whole, email: 'ann@gmail.com' }, undefined)
  assert.equal(shared.allow, 'ann@gmail.com')
  const inside = await askAnswers({ ...whole, host: 'gw.corp.internal' }, undefined)
  assert.equal(inside.certificates.kind, 'local')
})

test('every option that is missing is named at once', async () => {
  await assert.rejects(askAnswers({}, undefined), {
    code: 'init-incomplete',
    message: /"--host", "--email"$/,
  })
  await assert.rejects(askAnswers({ provider: 'okta' }, undefined), {
    message: /"--host", "--email", "--provider-url", "--client-id", "--client-secret-file"$/,
  })
})

test('an option that says nothing is a fault that names it', async () => {
  const cases: readonly [InitFlags, RegExp][] = [
    [{ host: 'https://x' }, /"--host": "https:\/\/x" is no host name/],
    [{ host: '192.0.2.1' }, /"--host": it must be a name/],
    [{ provider: 'apple' }, /"--provider": say one of passkeys, oidc, google/],
    [{ provider: 'okta', providerUrl: 'okta' }, /"--provider-url": "okta" must be an https URL/],
    [{ service: 'db' }, /"--service": "db" must be NAME=HOST:PORT/],
    [{ allow: 'ann@' }, /"--allow": "ann@" is neither a domain nor an email address/],
    [{ listen: 'here' }, /"--listen": "here" is no address/],
  ]
  for (const [change, message] of cases)
    await assert.rejects(askAnswers({ ...whole, ...change }, undefined), {
      code: 'init-invalid',
      message,
    })
})

test('a person is asked what is not said, again where an answer says nothing, and a secret is not shown', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const said = text(output)
  const questions = createQuestions({ input, output, isTerminal: false })
  const lines = ['not a host!', 'localhost', 'ann@example.com', '', 'keycloak-is-oidc', 'oidc']
  const more = ['https://login.example.com', 'gateway', 's3cret', 'db=10.0.0.5:5432', '']
  for (const line of [...lines, ...more]) input.write(`${line}\n`)
  const answers = await askAnswers({}, questions)
  questions[Symbol.dispose]()
  output.end()
  assert.deepEqual(answers.signIn, {
    provider: 'oidc',
    url: 'https://login.example.com',
    clientId: 'gateway',
    secret: { text: 's3cret' },
  })
  assert.deepEqual(answers.service, { name: 'db', to: { host: '10.0.0.5', port: 5432 } })
  assert.equal(answers.allow, 'example.com')
  const shown = await said
  assert.match(shown, /"not a host!" is no host name/)
  assert.match(shown, /Certificates \[local\]: /)
  assert.ok(!shown.includes('s3cret'))
})

test('somebody who leaves in the middle ends it', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  output.resume()
  const questions = createQuestions({ input, output, isTerminal: false })
  input.end('localhost\n')
  await assert.rejects(askAnswers({}, questions), /nobody answers any more/)
})
