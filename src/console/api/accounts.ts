import {
  accountChanged,
  accountGroups,
  accountInvitation,
  accountNamed,
  accountReset,
  accountsAnswer,
  accountsQuery,
  newAccount,
} from '../wire/accounts.ts'
import { endpoint, type Endpoints } from './endpoint.ts'
import { hasText, pageInMemory } from './lists.ts'

/** User ids have a `/` in them: who is meant stands in the body. */
export const accountEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/accounts',
    role: 'auditor',
    summary: 'Accounts of the gateway itself, whose people sign in with passkeys, by email address',
    query: accountsQuery,
    answer: accountsAnswer,
    faults: [409],
    async serve({ by, query }) {
      const { accounts } = await operations.listAccounts(by)
      const found = accounts.filter((it) => hasText(query.q, it.email, it.name ?? '', it.id))
      return pageInMemory(found, query, ({ email }) => [email])
    },
  }),
  endpoint({
    method: 'post',
    path: '/accounts',
    role: 'admin',
    summary: 'Invites somebody; the link is in this answer, and never again anywhere',
    body: newAccount,
    answer: accountInvitation,
    status: 201,
    faults: [409],
    serve: ({ by, body }) => operations.inviteAccount(by, body),
  }),
  endpoint({
    method: 'post',
    path: '/accounts/reset',
    role: 'admin',
    summary: 'Removes the passkeys of an account and answers a new link, once its tunnels are cut',
    body: accountReset,
    answer: accountInvitation,
    faults: [404, 409],
    serve: ({ by, body: { who, expires_in_seconds } }) =>
      operations.resetAccount(by, who, { expires_in_seconds }),
  }),
  endpoint({
    method: 'post',
    path: '/accounts/disable',
    role: 'admin',
    summary: 'Keeps the person of an account out; answered once its tunnels are cut',
    body: accountNamed,
    answer: accountChanged,
    faults: [404, 409],
    serve: ({ by, body }) => operations.disableAccount(by, body.who),
  }),
  endpoint({
    method: 'post',
    path: '/accounts/enable',
    role: 'admin',
    summary: 'Lets the person of a disabled account in again',
    body: accountNamed,
    answer: accountChanged,
    faults: [404, 409],
    serve: ({ by, body }) => operations.enableAccount(by, body.who),
  }),
  endpoint({
    method: 'post',
    path: '/accounts/groups',
    role: 'admin',
    summary: 'Says which groups the person of an account is in from now on',
    body: accountGroups,
    answer: accountChanged,
    faults: [404, 409],
    serve: ({ by, body: { who, groups } }) => operations.setAccountGroups(by, who, { groups }),
  }),
  endpoint({
    method: 'post',
    path: '/accounts/remove',
    role: 'admin',
    summary: 'Removes an account with its passkeys; answered once its tunnels are cut',
    body: accountNamed,
    answer: accountChanged,
    faults: [404, 409],
    serve: ({ by, body }) => operations.removeAccount(by, body.who),
  }),
]
