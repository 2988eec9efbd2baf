/** A worker thread for jobs of the experiment. */

import { serveJobs } from '../lib/serveJobs.ts';
import { paperWorkshop } from './experiment.ts';

await serveJobs(paperWorkshop);
