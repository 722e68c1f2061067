//! One unbroken session with a camera, cut into recordings.
