import { z } from 'zod'
import { blockedAnswer, blocksAnswer, putBlock, unblockedAnswer } from '../wire/blocks.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

const who = z.strictObject({
  user: z.string().min(1).max(320).describe('an email address or a user id'),
})

export const blockEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/blocks',
    role: 'auditor',
    summary: 'People who are blocked, newest first',
    answer: blocksAnswer,
    serve: async ({ by }) => ({ items: (await operations.listBlocks(by)).blocks }),
  }),
  endpoint({
    method: 'put',
    path: '/blocks/{user}',
    role: 'admin',
    summary: 'Block a person: tunnels are cut, sessions end, nobody signs in again',
    params: who,
    body: putBlock,
    answer: blockedAnswer,
    faults: [409],
    serve: ({ by, params, body }) => operations.blockPerson(by, params.user, body),
  }),
  endpoint({
    method: 'delete',
    path: '/blocks/{user}',
    role: 'admin',
    summary: 'Let a person sign in again, unless another block keeps them out',
    params: who,
    answer: unblockedAnswer,
    faults: [404],
    serve: ({ by, params }) => operations.unblockPerson(by, params.user),
  }),
]
