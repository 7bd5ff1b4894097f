import { convertPolicyText } from '../../policy/editor/convert-text.ts'
import { languageWords, type Word } from '../../policy/editor/language-words.ts'
import { checkPolicyText, type TextProblem } from '../../policy/editor/policy-text.ts'
import {
  checkTextAnswer,
  checkTextRequest,
  convertAnswer,
  convertRequest,
  policyLanguageAnswer,
  type PolicyLanguageAnswer,
  type TextProblem as TextProblemView,
} from '../wire/policy-language.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

export const policyLanguageEndpoints: Endpoints = () => {
  const words = wordsView()
  return [
    endpoint({
      method: 'get',
      path: '/policy-language',
      role: 'auditor',
      byNamespace: true,
      summary: 'The words of policies, for whoever writes one',
      answer: policyLanguageAnswer,
      serve: () => words,
    }),
    endpoint({
      method: 'post',
      path: '/policies/convert',
      role: 'auditor',
      byNamespace: true,
      summary: 'A policy in the other of its two views',
      description:
        'The policy language as allow, block, bypass and service_auth with include, require and exclude, or the other way round. What the other view cannot say is told at its place in the text.',
      body: convertRequest,
      answer: convertAnswer,
      serve({ body: { from, text } }) {
        const converted = convertPolicyText(text, from)
        return 'text' in converted
          ? { text: converted.text, problems: [] }
          : { text: null, problems: converted.problems.map(problemView) }
      },
    }),
    endpoint({
      method: 'post',
      path: '/policies/check-text',
      role: 'auditor',
      byNamespace: true,
      summary: 'What is wrong with the text of a policy, each fault at its place',
      body: checkTextRequest,
      answer: checkTextAnswer,
      serve: ({ body: { from, text } }) => ({
        problems: checkPolicyText(text, from).map(problemView),
      }),
    }),
  ]
}

function problemView(problem: TextProblem): TextProblemView {
  const { line, column, endLine, endColumn, message, hint } = problem
  return {
    line,
    column,
    end_line: endLine,
    end_column: endColumn,
    message,
    ...(hint === undefined ? {} : { hint }),
  }
}

function wordsView(): PolicyLanguageAnswer {
  const { stringMatchers, listMatchers, criteria, selectors, ...rest } = languageWords()
  const copied = (words: readonly Word[]): Word[] => words.map(({ name, doc }) => ({ name, doc }))
  return {
    sides: copied(rest.sides),
    operators: copied(rest.operators),
    actions: copied(rest.actions),
    parts: copied(rest.parts),
    matchers: { string: copied(stringMatchers), 'string-list': copied(listMatchers) },
    criteria: criteria.map(({ name, doc, data, matcher, keys, example }) => ({
      name,
      doc,
      data,
      matcher: matcher ?? null,
      keys: [...keys],
      example,
    })),
    selectors: selectors.map(({ name, doc, form, actions, isFlag }) => ({
      name,
      doc,
      form,
      actions: [...actions],
      flag: isFlag,
    })),
  }
}
