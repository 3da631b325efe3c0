import { apiQuestions } from './questions/api-questions.js';
import { authorizeQuestions } from './questions/authorize-questions.js';
import { clientQuestions } from './questions/client-questions.js';
import { deviceQuestions } from './questions/device-questions.js';
import { discoveryQuestions } from './questions/discovery-questions.js';
import { endingQuestions } from './questions/ending-questions.js';
import { principalQuestions } from './questions/principal-questions.js';
import { refreshQuestions } from './questions/refresh-questions.js';
import { tokenQuestions } from './questions/token-questions.js';
import type { Question } from './question.js';

/** What is asked before anybody signs in. */
export const openQuestions: readonly Question[] = [
  ...discoveryQuestions,
  ...clientQuestions,
  ...authorizeQuestions,
  ...deviceQuestions,
];

/** What is asked on a grant: what ends it comes last. */
export const grantQuestions: readonly Question[] = [
  ...tokenQuestions,
  ...refreshQuestions,
  ...apiQuestions,
  ...principalQuestions,
  ...endingQuestions,
];

/** All questions in their order. */
export const allQuestions: readonly Question[] = [...openQuestions, ...grantQuestions];
