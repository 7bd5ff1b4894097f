import { z } from 'zod'
import {
  reloadAnswer,
  signingKeyRotated,
  signingKeysAnswer,
  signingKeysForgotten,
  signingPurpose,
  sshCaAnswer,
  tokenKeysAnswer,
  tokenRotationAnswer,
  tokenRotationStep,
  tokenRotationStepAnswer,
} from '../wire/keys.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

const byPurpose = z.strictObject({ purpose: signingPurpose })

export const keyEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/signing-keys/{purpose}',
    role: 'auditor',
    summary: 'The keys that the gateway signs with for a purpose, the current one first',
    params: byPurpose,
    answer: signingKeysAnswer,
    async serve({ by, params }) {
      const { keys: items } = await operations.listSigningKeys(by, params.purpose)
      return { items }
    },
  }),
  endpoint({
    method: 'post',
    path: '/signing-keys/{purpose}/rotation',
    role: 'admin',
    summary: 'Makes another key; answered once connectors have taken it over, or have not in time',
    params: byPurpose,
    answer: signingKeyRotated,
    serve: ({ by, params }) => operations.rotateSigningKey(by, params.purpose),
  }),
  endpoint({
    method: 'delete',
    path: '/signing-keys/{purpose}/former',
    role: 'admin',
    summary: 'Forgets the keys before the current one: what relies on them is worth nothing then',
    params: byPurpose,
    answer: signingKeysForgotten,
    serve: ({ by, params }) => operations.forgetSigningKeys(by, params.purpose),
  }),
  endpoint({
    method: 'get',
    path: '/token-keys',
    role: 'auditor',
    summary: "The keys by which the provider's tokens are encrypted in the store",
    answer: tokenKeysAnswer,
    async serve({ by }) {
      const { keys: items } = await operations.listTokenKeys(by)
      return { items }
    },
  }),
  endpoint({
    method: 'post',
    path: '/token-keys/rotation',
    role: 'admin',
    summary: 'Makes a new key current, or goes on with a rotation that was interrupted',
    answer: tokenRotationAnswer,
    serve: ({ by }) => operations.beginTokenRotation(by),
  }),
  endpoint({
    method: 'post',
    path: '/token-keys/rotation/step',
    role: 'admin',
    summary: 'Encrypts some more tokens with the current key',
    body: tokenRotationStep,
    answer: tokenRotationStepAnswer,
    serve: ({ by, body }) => operations.stepTokenRotation(by, body),
  }),
  endpoint({
    method: 'get',
    path: '/ssh-ca',
    role: 'signed-in',
    summary: 'The keys that an sshd is to trust, as lines for "TrustedUserCAKeys"',
    answer: sshCaAnswer,
    serve: ({ by }) => operations.listSshCaKeys(by),
  }),
  endpoint({
    method: 'post',
    path: '/reload',
    role: 'admin',
    summary: 'Reads the files of the configuration again; one with a fault changes nothing',
    answer: reloadAnswer,
    faults: [409, 422],
    serve: ({ by }) => operations.reload(by),
  }),
]
