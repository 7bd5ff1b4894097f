import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWebhookSecret, signWebhook } from './webhook-signature.ts'

// https://docs.svix.com/receiving/verifying-payloads/how-manual
test('a signature is the one that the scheme publishes as its example', () => {
  const secret = parseWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n') ?? assert.fail()
  const headers = signWebhook(secret, {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1_614_265_330,
    body: '{"test": 2432232314}',
  })
  assert.deepEqual(headers, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('a secret has a prefix, is base64 and 24 to 64 bytes long', () => {
  const written = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
  assert.equal(parseWebhookSecret(written(24))?.length, 24)
  assert.equal(parseWebhookSecret(written(64))?.length, 64)
  for (const wrong of [written(23), written(65), written(32).slice(6), 'whsec_', 'whsec_a-b', ''])
    assert.equal(parseWebhookSecret(wrong), undefined, wrong)
})
