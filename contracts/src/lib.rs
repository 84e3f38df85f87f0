//! Contract files, generated cases, judging and the version matrix; opens no socket.
