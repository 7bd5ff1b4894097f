import { overviewAnswer } from '../wire/overview.ts'
import { samplesAnswer, samplesQuery } from '../wire/samples.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

export const pictureEndpoints: Endpoints = ({ operations }) => [
  endpoint({
    method: 'get',
    path: '/overview',
    role: 'auditor',
    summary: 'What the gateway does now, and did in the last day',
    answer: overviewAnswer,
    faults: [503],
    serve: ({ by }) => operations.overview(by),
  }),
  endpoint({
    method: 'get',
    path: '/samples',
    role: 'auditor',
    byNamespace: true,
    summary: 'Figures over time',
    description:
      'Of the whole gateway, or of one route. Minutes are kept for 2 days, hours and days for 90.',
    query: samplesQuery,
    answer: samplesAnswer,
    faults: [503],
    serve: ({ by, query }) => operations.samples(by, query),
  }),
]
