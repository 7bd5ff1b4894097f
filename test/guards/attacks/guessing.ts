import { attack } from '../guard.ts'

const deviceCodes = 'src/identity/device-codes.test.ts'
const limits = 'src/identity/sign-in-limits.test.ts'

export const guessing = attack('brute force and stuffing', [
  {
    tries: 'codes of machines, by one person or from one address',
    file: 'identity/device-codes.ts',
    right: 'if (limit.isReached(key))\n          throw',
    wrong: "if (key === '')\n          throw",
    test: [deviceCodes, 'wrong codes are counted by person and by address, right ones are not'],
  },
  {
    tries: 'the same, all in one moment',
    file: 'identity/device-codes.ts',
    right: 'for (const [limit, key] of limits) limit.count(key)\n      const record =',
    wrong:
      'const waited = await store.findByUserCode(userCode, clock.now())\n      if (waited === undefined) for (const [limit, key] of limits) limit.count(key)\n      const record =',
    test: [deviceCodes, 'wrong codes that are typed at the same moment are counted too'],
  },
  {
    tries: 'a flood of codes from one address',
    file: 'identity/device-codes.ts',
    right: 'if (retryAfterSeconds !== undefined)\n        throw',
    wrong: 'if (retryAfterSeconds === -1)\n        throw',
    test: [deviceCodes, 'a machine that asks again and again shuts out itself, not its neighbours'],
  },
  {
    tries: 'sign-ins that are begun without end',
    file: 'identity/sign-in-limits.ts',
    right:
      'if (begun.isReached(key)) refuse(tooManySignIns(begun.retryAfterSeconds(key)), address)',
    wrong: '',
    test: [limits, '1200 are begun from one address in a minute'],
  },
  {
    tries: 'made-up callbacks, until the provider is asked for nothing else',
    file: 'identity/sign-in-limits.ts',
    right:
      'if (failed.isReached(key)) refuse(tooManyFailures(failed.retryAfterSeconds(key)), address)',
    wrong: '',
    test: [limits, '300 that fail at the provider keep it from being asked again for the minute'],
  },
  {
    tries: 'signatures of passkeys, one after the other',
    file: 'identity/passkey-sign-in.ts',
    right: 'parts.limits.finish(address, async () => {',
    wrong: '(async (_: string, ask: () => Promise<URL>) => ask())(address, async () => {',
    test: [
      'src/identity/passkey-sign-in.test.ts',
      'many signatures that fail at one address are refused unread',
    ],
  },
  {
    tries: 'the password of a local proxy, guessed quickly',
    file: 'desktop/proxy/ask-http.ts',
    right: 'if (given !== undefined) await slowDown(wrongPasswordDelayMs, signal)',
    wrong: '',
    test: [
      'src/desktop/proxy/turned-away.test.ts',
      'and a wrong one is answered late, a missing one at once',
    ],
  },
])

export const phishing = attack('phishing with the code of a machine', [
  {
    tries: 'an approval without the code having been compared',
    file: 'pages/sign-in/device-decision.ts',
    right: "if (said !== 'approve' || parseUserCode(field(deviceFields.confirmed)) !== userCode)",
    wrong: "if (said !== 'approve')",
    test: ['src/pages/sign-in/device.test.ts', 'by a form without its token, box, or browser'],
  },
  {
    tries: 'a form that was made for another browser or code',
    file: 'pages/sign-in/device-decision.ts',
    right: 'if (!identity.isDeviceFormToken({ sessionId: session.id, secretHash }, token))',
    wrong: "if (token === 'none')",
    test: ['src/pages/sign-in/device.test.ts', 'by a form without its token, box, or browser'],
  },
  {
    tries: 'the session of a browser, for a machine that it was not made for',
    file: 'pages/sign-in/device-decision.ts',
    right: 'return identity.isDeviceSignInToken({ sessionId, userCode }, token)',
    wrong: "return sessionId !== userCode && token !== 'x'",
    test: [
      'src/pages/sign-in/device-hand-over.test.ts',
      'a machine has no session of a browser that was not made for its code',
    ],
  },
  {
    tries: 'a poll with what the database has of a code',
    file: 'identity/device-codes.ts',
    right: 'const secretHash = sha256(secret)\n      const record',
    wrong: 'const secretHash = secret\n      const record',
    test: [deviceCodes, 'only the secret polls: neither the code a person sees nor what is stored'],
  },
  {
    tries: 'a code that was approved for publishing, taken for a session',
    file: 'identity/device-codes.ts',
    right: "if (record === undefined || purposeOf(record) !== purpose) return { state: 'over' }",
    wrong: "if (record === undefined) return { state: 'over' }",
    test: [
      'src/pages/publish/login.test.ts',
      'never gets a session by its code, nor a machine that signs in a credential',
    ],
  },
])
