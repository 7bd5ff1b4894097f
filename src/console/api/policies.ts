import { policiesAnswer, policiesQuery, policyAnswer } from '../wire/policies.ts'
import { documentEndpoints } from './documents.ts'
import type { Endpoints } from './endpoint.ts'

export const policyEndpoints: Endpoints = ({ operations }) =>
  documentEndpoints(
    {
      path: '/policies',
      noun: 'policy',
      nouns: 'policies',
      query: policiesQuery,
      list: policiesAnswer,
      answer: policyAnswer,
    },
    {
      list: operations.listPolicies,
      get: operations.getPolicy,
      check: operations.checkPolicy,
      create: operations.createPolicy,
      update: operations.updatePolicy,
      delete: operations.deletePolicy,
      bulk: operations.changePolicies,
      history: operations.listPolicyHistory,
      restore: operations.restorePolicy,
    },
  )
