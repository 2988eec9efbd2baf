/** A worker thread for methods. */

import { methodWorkshop } from './methods.ts';
import { serveJobs } from './serveJobs.ts';

await serveJobs(methodWorkshop);
