// The page between the portal's question and the answer to it: who are you? One click, no proof.

import { bodyOf, sendPage } from './http.mjs';
import { errorPage, signInPage } from './pages.mjs';
import { subjectOf } from './people.mjs';

export async function interact(house, request, response) {
  try {
    const { prompt } = await house.provider.interactionDetails(request, response);
    if (prompt.name !== 'login') return await finish(house, request, response, { consent: {} });
    if (request.method !== 'POST') return sendPage(response, signInPage(request.url, house.people.all()));
    const chosen = new URLSearchParams(await bodyOf(request));
    return await finish(house, request, response, answerTo(chosen, house.people));
  } catch (problem) {
    const facts = { error: problem.error ?? problem.message, why: problem.error_description ?? '' };
    return sendPage(response, errorPage(facts), 400);
  }
}

function answerTo(chosen, people) {
  if (chosen.has('cancel')) return refusal('the person cancelled');
  const person = people.named(chosen.get('person'));
  return person.enabled ? { login: { accountId: subjectOf(person) } } : refusal('the account is disabled');
}

function refusal(description) {
  return { error: 'access_denied', error_description: description };
}

function finish(house, request, response, result) {
  return house.provider.interactionFinished(request, response, result);
}
