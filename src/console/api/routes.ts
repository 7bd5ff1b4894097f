import { routeAnswer, routesAnswer, routesQuery } from '../wire/routes.ts'
import { documentEndpoints } from './documents.ts'
import type { Endpoints } from './endpoint.ts'

export const routeEndpoints: Endpoints = ({ operations }) =>
  documentEndpoints(
    {
      path: '/routes',
      noun: 'route',
      nouns: 'routes',
      query: routesQuery,
      list: routesAnswer,
      answer: routeAnswer,
    },
    {
      list: operations.listRoutes,
      get: operations.getRoute,
      check: operations.checkRoute,
      create: operations.createRoute,
      update: operations.updateRoute,
      delete: operations.deleteRoute,
      bulk: operations.changeRoutes,
      history: operations.listRouteHistory,
      restore: operations.restoreRoute,
    },
  )
